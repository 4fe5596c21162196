"""``textDocument/codeLens``: above a function, what is going on or was found. Nothing elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orps_lsp.lsp import convert, words
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features import execute_command as commands
from orps_lsp.lsp.features.guard import feature
from orps_lsp.source.locate import Function

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    feature(server, types.TEXT_DOCUMENT_CODE_LENS, code_lens, types.CodeLensOptions())


def code_lens(server: OrpsServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Answer with the lenses of functions that have a job or refinements."""
    document = server.session.documents.find(params.text_document.uri)
    if document is None or not server.session.knows(document):
        return []
    lenses = []
    for function in document.outline.functions:
        line = function.def_line - 1
        where = convert.line_range(document.lines, line, line, server.session.codec)
        for command in _commands(server, document, function):
            lenses.append(types.CodeLens(where, command))
    return lenses


def _commands(server: OrpsServer, document: Document, function: Function) -> list[types.Command]:
    session = server.session
    job = session.active(document, function.qualname)
    if job is not None:
        state = words.state_line(job, session.jobs.position(job))
        cancel = types.Command("Cancel", commands.CANCEL, arguments=[{"job": job.id}])
        return [types.Command(f"ORPS: {state}", ""), cancel]
    job = session.result(document, function)
    if job is None or job.outcome is None or not job.outcome.refinements:
        return []
    apply = types.Command("Apply #1", commands.APPLY, arguments=[{"job": job.id, "rank": 1}])
    return [types.Command(f"ORPS: {words.found_line(job.outcome)}", ""), apply]
