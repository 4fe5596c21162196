"""What the server knows between messages: the client, its settings, its documents, the jobs.

Answers from memory; nothing here sends a message.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.workspace import PositionCodec

from orps_lsp.config import Origin, Problem, Settings, find_workspace, parse, read_workspace
from orps_lsp.errors import OrpsError
from orps_lsp.lsp.archive import Archive, Archived, to_remember
from orps_lsp.lsp.capabilities import Capabilities
from orps_lsp.lsp.documents import Document, DocumentError, Documents
from orps_lsp.lsp.engine import EngineOwner
from orps_lsp.lsp.garbage import keep_for_good
from orps_lsp.lsp.jobs import Job, JobListener, Jobs, Work
from orps_lsp.lsp.readiness import Readiness
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
        self.workspace: Path | None = None  # the folder that the editor has open
        self.documents = Documents()
        self.jobs = Jobs(self._refine, changed)
        self.readiness = Readiness()
        self.archive = Archive()
        self._warn = warn
        self._told: dict[Path | str | None, set[Problem]] = {}  # by where they were found
        self._engine = EngineOwner()
        self._initial_settings: Mapping[str, Any] = {}
        self._editor_settings: Mapping[str, Any] = {}
        self._settings: dict[Path | None, tuple[float, Settings]] = {}

    # -- settings ---------------------------------------------------------------------------

    def set_initial_settings(self, values: object) -> None:
        """Take ``initializationOptions.orps``."""
        self._initial_settings = self._editor_table("initializationOptions", values)

    def set_editor_settings(self, values: object) -> None:
        """Take the section ``orps`` of the client's configuration, in place of the last one."""
        table = self._editor_table("configuration", values)
        if table != self._editor_settings:
            self._editor_settings = table
            self._settings.clear()

    @property
    def workspace_settings(self) -> Settings:
        """The settings in force for the editor's folder."""
        return self.settings(self.workspace)

    def settings(self, workspace: Path | None) -> Settings:
        """Return the settings in force for a workspace; problems are told, each once.

        Asked for with every code lens, so its pyproject.toml is read again only if it changed.
        """
        changed = _modified(workspace)
        known = self._settings.get(workspace)
        if known and known[0] == changed:
            return known[1]
        settings, problems = Settings(), list[Problem]()
        if workspace is not None:
            settings, found = read_workspace(workspace)
            problems += found
        for layer in (self._initial_settings, self._editor_settings):
            settings, found = parse(layer, Origin.EDITOR, settings)
            problems += found
        self._tell(workspace, problems)
        self._settings[workspace] = changed, settings
        return settings

    def _editor_table(self, source: str, values: object) -> Mapping[str, Any]:
        wrong = values is not None and not isinstance(values, Mapping)
        message = f"'orps' must be a table, not {values!r}."
        self._tell(source, [Problem(Origin.EDITOR, message)] if wrong else [])
        if not isinstance(values, Mapping):
            return {}
        # Editors send null for what is not set.
        return {name: value for name, value in values.items() if value is not None}

    def _tell(self, source: Path | str | None, problems: list[Problem]) -> None:
        """Warn of what is new. What is mended is forgotten: it may go wrong again."""
        told = set[Problem]().union(*self._told.values())
        self._told[source] = set(problems)
        new = [problem for problem in dict.fromkeys(problems) if problem not in told]
        if new:
            self._warn(" ".join(map(str, new)))

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
        document, function = self.locate(uri, qualname=qualname, position=position)
        if document.path is None:
            raise DocumentError(f"{document.uri} is not a file.", "Save it first.")
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

    def locate(
        self,
        uri: str,
        *,
        qualname: str | None = None,
        position: types.Position | None = None,
    ) -> tuple[Document, Function]:
        """Return a document and a function in it, by name or by position.

        Raises:
            DocumentError: the document is not open.
            SourceError: the function is not there.
        """
        document = self.documents.get(uri)
        outline, text = document.outline, document.text
        # `find` and `find_at` look no further; they are there for their errors, which say more.
        if qualname is not None:
            return document, outline.named(qualname) or find(text, qualname)
        line = position.line + 1 if position else 1
        function = outline.at(line) or find_at(text, line)
        if function is None:
            raise FunctionNotFound("There is no function here.", "Put the cursor into one.")
        return document, function

    def chosen(self, job: Job) -> None:
        """Take note that the user applies a refinement: the function changes because of that."""
        job.applied = job.outdated_said = True
        if job.active:
            self.jobs.cancel(job.id)

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

    def known(self, document: Document) -> set[str]:
        """Return the qualified names of the functions for which there may be something to show."""
        return {job.work.qualname for job in self._about(document) if job.active or job.outcome}

    async def restore(self, document: Document) -> list[Archived]:
        """Bring back what earlier sessions found for a document that was opened.

        Returns what is kept for functions that have changed since.
        """
        if document.path is None:
            return []
        file = document.path.resolve()
        outdated = []
        for kept in await asyncio.to_thread(self.archive.of, file):
            if any(job.work.qualname == kept.qualname for job in self._about(document)):
                continue  # this session knows better
            function = document.outline.named(kept.qualname)
            if function is None or digest(function) != kept.digest:
                outdated.append(kept)
                continue
            intent = kept.outcome.intent
            work = Work(document.uri, file, "", kept.qualname, kept.digest, intent)
            self.jobs.restore(work, kept.outcome, kept.ended_at)
        return outdated

    def newest(self) -> Job | None:
        """Return the job that ended last."""
        ended = (job for job in self.jobs if job.outcome)
        return max(ended, key=lambda job: job.ended_at or 0.0, default=None)

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
        keep_for_good()
        from orps_lsp.refine import Request, refine

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
        outcome = to_remember(outcome)
        archived = Archived(work.qualname, work.digest, time.time(), outcome)
        if outcome.refinements:
            await asyncio.to_thread(self.archive.put, work.file, archived)
        return outcome


def _modified(workspace: Path | None) -> float:
    """When a workspace's settings changed last, in seconds since the epoch; 0: it has none."""
    try:
        return (workspace / "pyproject.toml").stat().st_mtime if workspace else 0.0
    except OSError:
        return 0.0
