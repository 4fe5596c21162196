"""What the server knows between messages: the client, its settings, its documents, the jobs.

Answers from memory; nothing here sends a message.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.workspace import PositionCodec

from orps_lsp.config import Origin, Problem, Settings, parse, read_workspace
from orps_lsp.errors import OrpsError
from orps_lsp.lsp.capabilities import Capabilities
from orps_lsp.lsp.documents import Document, DocumentError, Documents
from orps_lsp.lsp.engine import EngineOwner
from orps_lsp.lsp.jobs import Job, JobListener, Jobs, Work
from orps_lsp.search.types import Intent, Outcome, ProgressListener
from orps_lsp.source.locate import (
    Function,
    FunctionNotFound,
    digest,
    find,
    find_at,
)

UNTRUSTED = "ORPS runs no code in an untrusted workspace."


class NotTrusted(OrpsError):
    """The user has not said that code of this workspace may run."""


class Session:
    """One client's session.

    ``changed`` hears of every change of a job, ``warn`` of problems with settings, each once.
    """

    def __init__(self, changed: JobListener, warn: Callable[[str], None]) -> None:
        self.capabilities = Capabilities()
        self.codec = PositionCodec()
        self.trusted = True
        self.documents = Documents()
        self.jobs = Jobs(self._refine, changed)
        self._warn = warn
        self._warned: set[str] = set()
        self._engine = EngineOwner()
        self._initial_settings: Mapping[str, Any] = {}
        self._editor_settings: Mapping[str, Any] = {}

    # -- settings ---------------------------------------------------------------------------

    def set_initial_settings(self, values: object) -> None:
        """Take ``initializationOptions.orps``."""
        self._initial_settings = self._editor_table(values)

    def set_editor_settings(self, values: object) -> None:
        """Take the section ``orps`` of the client's configuration, in place of the last one."""
        self._editor_settings = self._editor_table(values)
        self.settings(None)

    def settings(self, workspace: Path | None) -> Settings:
        """Return the settings in force for a workspace; problems are told, each once."""
        settings, problems = Settings(), list[Problem]()
        if workspace is not None:
            settings, found = read_workspace(workspace)
            problems += found
        for layer in (self._initial_settings, self._editor_settings):
            settings, found = parse(layer, Origin.EDITOR, settings)
            problems += found
        self._tell(problems)
        return settings

    def _editor_table(self, values: object) -> Mapping[str, Any]:
        if values is None:
            return {}
        if not isinstance(values, Mapping):
            self._tell([Problem(Origin.EDITOR, f"'orps' must be a table, not {values!r}.")])
            return {}
        # Editors send null for what is not set.
        return {name: value for name, value in values.items() if value is not None}

    def _tell(self, problems: list[Problem]) -> None:
        for text in map(str, problems):
            if text not in self._warned:
                self._warned.add(text)
                self._warn(text)

    # -- refining ---------------------------------------------------------------------------

    def submit(
        self,
        uri: str,
        intent: Intent | None,
        *,
        qualname: str | None = None,
        position: types.Position | None = None,
    ) -> Job:
        """Queue a search for a function, by name or by position.

        Raises:
            NotTrusted: no code may run in this workspace.
            DocumentError: the document is not open, or is no file.
            SourceError: the function is not there, or cannot be refined.
        """
        if not self.trusted:
            raise NotTrusted(UNTRUSTED, "Trust the workspace in your editor first.")
        document = self.documents.get(uri)
        if document.path is None:
            raise DocumentError(f"{document.uri} is not a file.", "Save it first.")
        function = _locate(document, qualname, position)
        if refusal := document.outline.refusal(function):
            raise refusal
        work = Work(
            document.uri,
            document.path.resolve(),
            document.text,
            function.qualname,
            digest(function),
            intent,
        )
        return self.jobs.submit(work)

    def active(self, document: Document, qualname: str) -> Job | None:
        """Return the waiting or running job for a function, if any."""
        return next(
            (job for job in self._about(document) if job.active and job.work.qualname == qualname),
            None,
        )

    def result(self, document: Document, function: Function) -> Job | None:
        """Return the job whose outcome is for this very text of the function.

        The newest one; but one that found nothing does not hide what an older one found.
        """
        subject = (function.qualname, digest(function))
        jobs = [
            job
            for job in self._about(document)
            if job.outcome and (job.work.qualname, job.work.digest) == subject
        ]
        found = (job for job in jobs if job.outcome and job.outcome.refinements)
        return next(found, jobs[0] if jobs else None)

    def knows(self, document: Document) -> bool:
        """Whether there is anything to show for a document."""
        return any(job.active or job.outcome for job in self._about(document))

    def newly_outdated(self, document: Document) -> list[Job]:
        """Return the jobs with results whose function is no longer as it was, each only once."""
        jobs = [
            job
            for job in self._about(document)
            if job.outcome and job.outcome.refinements and not job.outdated_said
        ]
        if not jobs or document.outline.syntax_error:
            return []
        outdated = []
        for job in jobs:
            function = document.outline.named(job.work.qualname)
            if function is None or digest(function) != job.work.digest:
                job.outdated_said = True
                outdated.append(job)
        return outdated

    async def close(self) -> None:
        """End every job and the engine. Safe to call twice."""
        await self.jobs.close()
        await self._engine.close()

    def _about(self, document: Document) -> Iterator[Job]:
        return (job for job in self.jobs if job.work.uri == document.uri)

    async def _refine(self, job: Job, listen: ProgressListener) -> Outcome:
        # The search and what it imports: heavy, and not needed before the first job.
        await asyncio.to_thread(importlib.import_module, "orps_lsp.refine")
        from orps_lsp.refine import Request, find_workspace, refine

        document = self.documents.find(job.work.uri)
        function = document.outline.named(job.work.qualname) if document else None
        if document and function:  # it may have been edited while the job waited
            job.work = replace(job.work, text=document.text, digest=digest(function))
        work = job.work
        workspace = find_workspace(work.file)
        settings = self.settings(workspace)
        request = Request(workspace, work.file, work.text, work.qualname, work.intent)
        async with self._engine.use(settings) as engine:
            outcome = await refine(request, settings, engine, stop=job.stop, listen=listen)
        return _to_remember(outcome)


def _to_remember(outcome: Outcome) -> Outcome:
    """Return what an editor can ask for later, without the whole file for every version.

    An edit is spliced anew from a version's own code, as the file may have changed.
    """
    refinements = (
        replace(refinement, candidate=replace(refinement.candidate, module=""))
        for refinement in outcome.refinements
    )
    return replace(outcome, refinements=tuple(refinements), candidates=())


def _locate(document: Document, qualname: str | None, position: types.Position | None) -> Function:
    # `find` and `find_at` look no further; they are there for their errors, which say more.
    if qualname is not None:
        return document.outline.named(qualname) or find(document.text, qualname)
    line = position.line if position else 0
    function = document.outline.at(line + 1) or find_at(document.text, line + 1)
    if function is None:
        raise FunctionNotFound("There is no function here.", "Put the cursor into one.")
    return function
