"""``workspace/executeCommand``: refine, cancel, apply, results. Each takes one JSON object.

The others are in ``views.py`` and ``machine.py``; docs/protocol.md has them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import edits
from orps_lsp.lsp.features.arguments import Arguments
from orps_lsp.lsp.features.guard import command
from orps_lsp.lsp.jobs import Job, JobNotFound
from orps_lsp.search.types import Refinement

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

REFINE = "orps.refine"
CANCEL = "orps.cancel"
APPLY = "orps.apply"
RESULTS = "orps.results"
PREVIEW = "orps.preview"
COMPARE = "orps.compare"
SHOW_REPORT = "orps.showReport"
FIND = "orps.find"
STATUS = "orps.status"
MODELS = "orps.models"
FETCH_MODEL = "orps.fetchModel"

Answer = dict[str, Any]
Handler = Callable[["OrpsServer", Arguments], Awaitable[Answer]]


def register(server: OrpsServer) -> None:
    add(server, {REFINE: refine, CANCEL: cancel, APPLY: apply, RESULTS: results})


def add(server: OrpsServer, handlers: Mapping[str, Handler]) -> None:
    """Answer these commands."""
    for name, handler in handlers.items():
        command(server, name, _checked(name, handler))


def find_refinement(server: OrpsServer, arguments: Arguments) -> tuple[Job, Refinement]:
    """Return what ``{job, rank | candidate}`` names."""
    job = server.session.jobs.get(arguments.number("job"))
    if "candidate" in arguments:
        return job, edits.refinement_of(job, candidate=arguments.number("candidate"))
    return job, edits.refinement_of(job, rank=arguments.number("rank"))


async def refine(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{uri, qualname | position, intent?}``: queue a search; answers at once.

    Returns ``{job, position}``: how many searches end before this one starts.
    """
    uri, intent, jobs = arguments.text("uri"), arguments.intent(), server.session.jobs
    if "qualname" in arguments:
        job = server.session.submit(uri, intent, qualname=arguments.text("qualname"))
    else:
        job = server.session.submit(uri, intent, position=arguments.position())
    return {"job": job.id, "position": jobs.position(job)}


async def cancel(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job?}``: cancel a job, or all. Returns ``{cancelled}``, their ids."""
    id = arguments.number("job") if "job" in arguments else None
    return {"cancelled": [job.id for job in server.session.jobs.cancel(id)]}


async def apply(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job, rank | candidate}``: bring a refinement into the document (``workspace/applyEdit``).

    Ends its search, if that is still going on: it looks for better versions of what is gone then.
    Returns ``{applied}``, with ``reason`` if the editor refused, and with ``edit`` for a client
    that takes no edits from a server and has to apply it itself.
    """
    session = server.session
    job, refinement = find_refinement(server, arguments)
    document = session.documents.get(job.work.uri)
    edit = await edits.workspace_edit(
        document, job, refinement, session.capabilities, session.codec
    )
    if not session.capabilities.apply_edit:
        return {"applied": False, "edit": edit}
    session.chosen(job)
    params = types.ApplyWorkspaceEditParams(edit=edit, label=f"Refine {job.work.qualname}")
    answer = await server.workspace_apply_edit_async(params)
    if answer.applied:
        return {"applied": True}
    reason = answer.failure_reason or "the editor gave no reason"
    server.show(types.MessageType.Warning, f"The edit was not applied: {reason}.")
    return {"applied": False, "reason": reason}


async def results(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{job}``: the outcome as ``orps-lsp refine --json`` prints it."""
    from orps_lsp.report import to_json

    job = server.session.jobs.get(arguments.number("job"))
    if job.outcome is None:
        state = str(job.error) if job.error else f"It is {job.state.value}."
        raise JobNotFound(f"Job {job.id} has no results.", state)
    return to_json(job.outcome)


def _checked(name: str, handler: Handler) -> Callable[..., Awaitable[Answer]]:
    """Check the arguments' form first, and show what goes wrong: the user asked for it."""

    async def run(server: OrpsServer, *arguments: Any) -> Answer:
        try:
            return await handler(server, Arguments(name, arguments))
        except (OrpsError, JsonRpcInvalidParams) as error:
            server.show(types.MessageType.Error, str(error))
            raise
        except JsonRpcException as error:  # the client's answer to something we asked
            server.show(types.MessageType.Error, f"The editor answered: {error.message}")
            raise

    return run
