"""``textDocument/hover``: what is known of the function whose signature is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orps_lsp.lsp import convert, words
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features.guard import feature
from orps_lsp.source.locate import Function

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    feature(server, types.TEXT_DOCUMENT_HOVER, hover)


def hover(server: OrpsServer, params: types.HoverParams) -> types.Hover | None:
    """Answer with the running job or the outcome; nothing where there is neither."""
    session = server.session
    document = session.documents.find(params.text_document.uri)
    if document is None or not session.known(document):
        return None
    function = document.outline.at(params.position.line + 1)
    first, last = _signature(function) if function else (0, 0)
    if function is None or not first <= params.position.line < last:
        return None
    text = _page(server, document, function)
    if text is None:
        return None
    kind = (
        types.MarkupKind.Markdown
        if server.capabilities.hover_markdown
        else types.MarkupKind.PlainText
    )
    where = convert.line_range(document.lines, first, last, session.codec)
    return types.Hover(types.MarkupContent(kind, text), where)


def _signature(function: Function) -> tuple[int, int]:
    """The 0-based lines of decorators and signature, half-open."""
    signature_lines = function.header.rstrip("\n").count("\n") + 1
    return function.start_line - 1, function.def_line - 1 + signature_lines


def _page(server: OrpsServer, document: Document, function: Function) -> str | None:
    session = server.session
    job = session.active(document, function.qualname)
    if job is not None:
        return words.progress_page(job, session.jobs.position(job))
    done = session.result(document, function)
    if done is None or done.outcome is None:
        return None
    return words.outcome_page(done.outcome, done.ended_at if done.restored else None)
