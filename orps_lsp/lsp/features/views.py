"""``workspace/executeCommand``: what a client shows of results: preview, comparison, report."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orps_lsp.lsp import edits
from orps_lsp.lsp.features import commands
from orps_lsp.lsp.features.arguments import Arguments
from orps_lsp.lsp.features.commands import Answer
from orps_lsp.lsp.jobs import Job, JobNotFound
from orps_lsp.lsp.presenter import offer
from orps_lsp.search.types import Outcome
from orps_lsp.source.locate import SourceError, functions
from orps_lsp.source.splice import splice

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

_REPORTS_KEPT = 50


def register(server: OrpsServer) -> None:
    commands.add(
        server,
        {
            commands.FIND: find,
            commands.PREVIEW: preview,
            commands.COMPARE: compare,
            commands.SHOW_REPORT: show_report,
        },
    )


async def find(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{uri, qualname | position}``: what is known of a function.

    Returns ``{function, job?, active?, refinements}``; the early ones while a search goes on.
    """
    session, uri = server.session, arguments.text("uri")
    if "qualname" in arguments:
        document, function = session.locate(uri, qualname=arguments.text("qualname"))
    else:
        document, function = session.locate(uri, position=arguments.position())
    job = session.active(document, function.qualname) or session.result(document, function)
    if job is None:
        return {"function": function.qualname, "refinements": []}
    found = job.outcome.refinements if job.outcome else tuple(filter(None, [job.best]))
    return {
        "function": function.qualname,
        "job": job.id,
        "active": job.active,
        "refinements": [offer(refinement) for refinement in found],
    }


async def preview(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job, rank | candidate}``: the document's text as it is and as it would be."""
    session = server.session
    job, refinement = commands.find_refinement(server, arguments)
    document = session.documents.get(job.work.uri)
    original, version = document.text, document.version
    edit = await edits.workspace_edit(
        document, job, refinement, session.capabilities, session.codec
    )
    return {
        "title": f"{job.work.qualname}: {refinement.summary}",
        "summary": refinement.summary,
        "uri": document.uri,
        "version": version,
        "original": original,
        "refined": await edits.refined_text(document, job, refinement),
        "edit": edit,
    }


async def compare(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job}``: the function and its refinements, to be shown side by side.

    A client without views of its own is shown the report, which has them too.
    """
    job = server.session.jobs.get(arguments.number("job"))
    outcome = _outcome(job)
    if not server.capabilities.views:
        await _show(server, job, outcome)
    return {
        "title": f"{job.work.qualname}: {len(outcome.refinements)} refinements",
        "function": job.work.qualname,
        "uri": job.work.uri,
        "original": outcome.original,
        "refinements": [
            {
                **offer(refinement),
                "code": _function(outcome, refinement.candidate.code),
                "critique": refinement.candidate.critique,
            }
            for refinement in outcome.refinements
        ],
    }


def _function(outcome: Outcome, code: str) -> str:
    """Return a version as an edit would leave it: with the original's docstring and decorators."""
    (original,) = functions(outcome.original)[:1]
    try:
        return splice(outcome.original, original.qualname, code).function_text
    except SourceError:
        return code


async def show_report(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job?}``: write the report of a search (the newest one), and show it.

    Returns ``{path, uri, title, shown}``.
    """
    session = server.session
    job = session.jobs.get(arguments.number("job")) if "job" in arguments else session.newest()
    if job is None:
        raise JobNotFound("There is nothing to report yet.", "Refine a function first.")
    return await _show(server, job, _outcome(job))


def _outcome(job: Job) -> Outcome:
    if job.outcome is None:
        state = str(job.error) if job.error else f"It is {job.state.value}."
        raise JobNotFound(f"Job {job.id} has no results.", state)
    return job.outcome


async def _show(server: OrpsServer, job: Job, outcome: Outcome) -> Answer:
    path = await asyncio.to_thread(_write_report, job, outcome)
    answer = {"path": str(path), "uri": path.as_uri(), "title": f"ORPS: {job.work.qualname}"}
    return {**answer, "shown": await _open(server, path)}


async def _open(server: OrpsServer, path: Path) -> bool:
    """Let the client show a page (``window/showDocument``), or say where it lies."""
    if server.capabilities.views:
        return False
    if server.capabilities.show_document:
        params = types.ShowDocumentParams(path.as_uri(), external=True)
        try:
            if (await server.window_show_document_async(params)).success:
                return True
        except JsonRpcException as error:
            server.log(f"The editor does not open the report: {error}")
    server.show(types.MessageType.Info, f"The report is in {path}")
    return False


def _write_report(job: Job, outcome: Outcome) -> Path:
    """Write the page; it holds the user's code, and is for the user alone."""
    from orps_lsp.report import to_html

    folder = platformdirs.user_cache_path("orps-lsp", appauthor=False) / "reports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    subject = f"{job.work.file}\n{job.work.qualname}\n{job.ended_at}"
    print_of = hashlib.sha256(subject.encode(errors="surrogatepass")).hexdigest()[:12]
    path = folder / f"{job.work.qualname}-{print_of}.html"
    path.write_text(to_html(outcome), encoding="utf-8", errors="backslashreplace")
    pages = sorted(folder.glob("*.html"), key=lambda page: page.stat().st_mtime, reverse=True)
    for page in pages[_REPORTS_KEPT:]:
        page.unlink(missing_ok=True)
    return path
