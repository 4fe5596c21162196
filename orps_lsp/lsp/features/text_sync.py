"""``textDocument/didOpen``, ``didChange``, ``didClose``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features.guard import feature

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

_QUIET_SECONDS = 0.3  # a function is looked at when the typing pauses


def register(server: OrpsServer) -> None:
    # pygls' own handlers would keep a second copy, split into lines by other rules.
    for method in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_CLOSE,
    ):
        server.protocol.fm.builtin_features.pop(method)
    feature(server, types.TEXT_DOCUMENT_DID_OPEN, did_open)
    feature(server, types.TEXT_DOCUMENT_DID_CHANGE, did_change)
    feature(server, types.TEXT_DOCUMENT_DID_CLOSE, did_close)


def did_open(server: OrpsServer, params: types.DidOpenTextDocumentParams) -> None:
    document = server.session.documents.open(params.text_document)
    server.spawn(_restore(server, document))


def did_change(server: OrpsServer, params: types.DidChangeTextDocumentParams) -> None:
    """Follow the text; when it rests, say which results it made useless."""
    document = server.session.documents.get(params.text_document.uri)
    document.change(params.text_document.version, params.content_changes, server.session.codec)
    if server.session.known(document) or document.outline.syntax_error:
        loop = asyncio.get_running_loop()
        loop.call_later(_QUIET_SECONDS, _after_pause, server, document, document.version)


def did_close(server: OrpsServer, params: types.DidCloseTextDocumentParams) -> None:
    server.session.documents.close(params.text_document.uri)


async def _restore(server: OrpsServer, document: Document) -> None:
    """Show again what earlier sessions found."""
    for kept in await server.session.restore(document):
        server.log(
            f"`{kept.qualname}` has changed since it was refined: its refinements are put aside."
        )
    if server.session.known(document):
        server.log("The results of an earlier session are restored.")
        server.refresh_lenses()


async def _look_again(server: OrpsServer, document: Document) -> None:
    """See whether a text is really broken: two statements may have become one."""
    version, outline = document.version, document.outline
    document.take(await asyncio.to_thread(outline.reconsidered), version)
    server.refresh_lenses()


def _after_pause(server: OrpsServer, document: Document, version: int) -> None:
    if document.version != version:
        return  # changed again
    if document.outline.syntax_error:
        server.spawn(_look_again(server, document))
    for job in server.session.newly_outdated(document):
        server.log(
            f"`{job.work.qualname}` has changed: its refinements no longer fit and are put aside."
            " Undo brings them back."
        )
    server.refresh_lenses()
