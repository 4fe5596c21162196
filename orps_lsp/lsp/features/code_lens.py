"""``textDocument/codeLens``: above a function, what can be done, is going on, or was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orps_lsp.lsp import words
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features import commands
from orps_lsp.lsp.features.guard import feature
from orps_lsp.lsp.jobs import Job
from orps_lsp.source.locate import Function

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    feature(server, types.TEXT_DOCUMENT_CODE_LENS, code_lens, types.CodeLensOptions())


def code_lens(server: OrpsServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Answer with the lenses that the setting ``code_lens`` asks for."""
    session = server.session
    document = session.documents.find(params.text_document.uri)
    if document is None:
        return []
    shown = session.settings(document.workspace).code_lens
    known = session.knows(document)
    offer = shown == "functions" and session.trusted and document.path is not None
    if shown == "off" or not (offer or known):
        return []
    lenses = []
    for function in document.outline.functions:
        found = _found(server, document, function) if known else []
        if not found and offer and document.outline.refusal(function) is None:
            found = [_refine(document, function)]
        lenses += [
            types.CodeLens(_place(function, column), command)
            for column, command in enumerate(found)
        ]
    return lenses


def _place(function: Function, column: int) -> types.Range:
    """Each in its own column: clients sort lenses by place, and not all of them stably.

    The columns of `def` are there in every encoding.
    """
    place = types.Position(function.def_line - 1, column)
    return types.Range(place, place)


def _refine(document: Document, function: Function) -> types.Command:
    verb = "Implement" if function.is_stub else "Refine"
    argument = {"uri": document.uri, "qualname": function.qualname}
    return types.Command(verb, commands.REFINE, arguments=[argument])


def _found(server: OrpsServer, document: Document, function: Function) -> list[types.Command]:
    session = server.session
    job = session.active(document, function.qualname)
    if job is not None:
        state = words.state_line(job, session.jobs.position(job))
        going = [types.Command(f"ORPS: {state}", ""), _on(job, "Cancel", commands.CANCEL)]
        if job.best:
            candidate = job.best.candidate.id
            going.append(_on(job, "Apply now", commands.APPLY, candidate=candidate))
        return going
    job = session.result(document, function)
    if job is None or job.outcome is None or not job.outcome.refinements:
        return []
    return [
        types.Command(f"ORPS: {words.found_line(job.outcome)}", ""),
        _on(job, "Apply #1", commands.APPLY, rank=1),
        _on(job, "Compare", commands.COMPARE),
        _on(job, "Report", commands.SHOW_REPORT),
    ]


def _on(job: Job, title: str, command: str, **more: Any) -> types.Command:
    return types.Command(title, command, arguments=[{"job": job.id, **more}])
