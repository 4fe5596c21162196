"""``textDocument/codeAction`` and ``codeAction/resolve``: start, cancel, apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import edits, words
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features import commands
from orps_lsp.lsp.features.arguments import Arguments
from orps_lsp.lsp.features.guard import feature
from orps_lsp.lsp.jobs import Job
from orps_lsp.lsp.session import UNTRUSTED
from orps_lsp.search.types import Intent
from orps_lsp.source.locate import Function

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

REFACTOR = "refactor.rewrite.orps"
APPLY = f"{REFACTOR}.apply"
CANCEL = f"{REFACTOR}.cancel"
COMPARE = f"{REFACTOR}.compare"
REPORT = f"{REFACTOR}.report"
FETCH = f"{REFACTOR}.fetch"
QUICK_FIX = types.CodeActionKind.QuickFix.value
OFFERED = 5  # edits at most


def register(server: OrpsServer) -> None:
    # pygls announces resolving only if it is told to.
    options = types.CodeActionOptions(
        code_action_kinds=[REFACTOR, QUICK_FIX], resolve_provider=True
    )
    feature(server, types.TEXT_DOCUMENT_CODE_ACTION, code_action, options)
    feature(server, types.CODE_ACTION_RESOLVE, resolve)


def code_action(
    server: OrpsServer, params: types.CodeActionParams
) -> list[types.CodeAction] | list[types.Command]:
    """Answer from memory with what can be done to the function at the range."""
    document = server.session.documents.find(params.text_document.uri)
    if document is None:
        return []
    wanted = [
        action
        for action in _actions(server, document, params.range.start.line)
        if _asked_for(action, params.context.only)
    ]
    if server.capabilities.action_literals:
        if params.context.trigger_kind is types.CodeActionTriggerKind.Automatic:
            return [action for action in wanted if not action.disabled]
        return wanted
    return [action.command for action in wanted if action.command]


async def resolve(server: OrpsServer, action: types.CodeAction) -> types.CodeAction:
    """Fill in the edit of an action that was offered without it."""
    if action.data is None or action.edit is not None:
        return action
    data, session = Arguments(types.CODE_ACTION_RESOLVE, [action.data]), server.session
    job, refinement = commands.find_refinement(server, data)
    document = session.documents.get(job.work.uri)
    try:
        action.edit = await edits.workspace_edit(
            document, job, refinement, session.capabilities, session.codec
        )
    except OrpsError as error:
        server.show(types.MessageType.Error, str(error))  # editors keep an error of this quiet
        raise
    return action


def _actions(server: OrpsServer, document: Document, line: int) -> Iterator[types.CodeAction]:
    session = server.session
    function = document.outline.at(line + 1)
    reason = _refusal(server, document, function)
    if function is None or reason:
        yield from _disabled(server, reason)
        return
    job = session.active(document, function.qualname)
    if job is not None:
        if job.best:
            data = {"job": job.id, "candidate": job.best.candidate.id}
            yield _command(f"Apply now: {job.best.summary}", APPLY, commands.APPLY, data)
        title = f"Cancel refining `{function.name}`"
        yield _command(title, CANCEL, commands.CANCEL, {"job": job.id})
        return
    done = session.result(document, function)
    if done is not None:
        yield from _result_actions(server, done, function)
    model = session.readiness.model
    if model is not None and session.readiness.lacks_model:
        if model.fetchable:
            size = f" ({words.megabytes(model.size_bytes)})" if model.size_bytes else ""
            title = f"Fetch the model {model.name}{size} for ORPS"
            yield _command(title, FETCH, commands.FETCH_MODEL, {"model": model.name})
        yield from _disabled(server, model.problem or words.model_missing(model))
        return
    broken = function.is_stub or bool(done and done.outcome and done.outcome.baseline.failed)
    for intent in (Intent.FIX,) if broken else (Intent.OPTIMISE, Intent.SIMPLIFY, Intent.FIX):
        verb = "implement" if function.is_stub else intent.value
        yield _command(
            f"Refine with ORPS: {verb} `{function.name}`",
            QUICK_FIX if broken else f"{REFACTOR}.{intent.value}",
            commands.REFINE,
            {"uri": document.uri, "qualname": function.qualname, "intent": intent.value},
        )


def _disabled(server: OrpsServer, reason: str) -> Iterator[types.CodeAction]:
    """Say why there is nothing to do, to a client that shows such actions."""
    if server.capabilities.action_disabled:
        disabled = types.CodeActionDisabled(reason)
        yield types.CodeAction("Refine with ORPS", kind=REFACTOR, disabled=disabled)


def _refusal(server: OrpsServer, document: Document, function: Function | None) -> str:
    if not server.session.trusted:
        return UNTRUSTED
    if document.outline.syntax_error:
        return document.outline.syntax_error.message
    if function is None:
        return "There is no function here."
    refusal = document.outline.refusal(function)
    return refusal.message if refusal else ""


def _result_actions(server: OrpsServer, job: Job, function: Function) -> Iterator[types.CodeAction]:
    refinements = job.outcome.refinements if job.outcome else ()
    for refinement in refinements[:OFFERED]:
        data = {"job": job.id, "rank": refinement.rank}
        action = _command(
            f"Apply #{refinement.rank}: {refinement.summary}", APPLY, commands.APPLY, data
        )
        action.is_preferred = refinement.rank == 1
        if server.capabilities.action_resolve_edit:
            action.command, action.data = None, data
        yield action
    if refinements:
        count = f"{len(refinements)} refinements" if len(refinements) > 1 else "the refinement"
        title = f"Compare {count} of `{function.name}`"
        yield _command(title, COMPARE, commands.COMPARE, {"job": job.id})
    title = f"Show the report on `{function.name}`"
    yield _command(title, REPORT, commands.SHOW_REPORT, {"job": job.id})


def _command(title: str, kind: str, command: str, argument: dict[str, Any]) -> types.CodeAction:
    return types.CodeAction(
        title, kind=kind, command=types.Command(title, command, arguments=[argument])
    )


def _asked_for(action: types.CodeAction, only: object) -> bool:
    """Kinds are a hierarchy of dotted names: asking for one asks for all below it."""
    if not isinstance(only, (list, tuple)):
        return True
    kind = str(getattr(action.kind, "value", action.kind))
    asked = (str(getattr(item, "value", item)) for item in only)
    return any(not item or f"{kind}.".startswith(f"{item}.") for item in asked)
