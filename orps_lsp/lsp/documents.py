"""The open documents, as the client sees them.

pygls has such a store too. It splits lines at form feeds and U+2028, clamps columns differently
from the protocol, and falls back to the disk with translated line endings; so this one is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec

from orps_lsp.config import find_workspace
from orps_lsp.errors import OrpsError
from orps_lsp.lsp import convert
from orps_lsp.source.outline import Outline
from orps_lsp.source.syntax import split_lines


class DocumentError(OrpsError):
    """A command names a document that the server does not have."""


class Document:
    """An open document. Its outline is brought up to date when it is asked for."""

    def __init__(self, uri: str, version: int, text: str) -> None:
        self.uri = uri
        self.version = version
        self._lines = split_lines(text)
        self._last: Outline | None = None  # of an earlier version

    @property
    def lines(self) -> Sequence[str]:
        """The lines, which keep their ends."""
        return self._lines

    @cached_property
    def text(self) -> str:
        return "".join(self._lines)

    @cached_property
    def outline(self) -> Outline:
        """What functions there are, and where."""
        self._last = self._last.edited(self._lines) if self._last else Outline.of(self._lines)
        return self._last

    @cached_property
    def workspace(self) -> Path | None:
        """The project that the file belongs to."""
        return find_workspace(self.path) if self.path else None

    @property
    def path(self) -> Path | None:
        """The file; None where the URI names none (an untitled buffer)."""
        path = to_fs_path(self.uri)
        return Path(path) if path else None

    def change(
        self,
        version: int,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> None:
        """Apply ``textDocument/didChange``; each change refers to the text the last one left."""
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                self._lines = convert.replaced(self._lines, change.range, change.text, codec)
            else:
                self._lines = split_lines(change.text)
        self.version = version
        for name in ("text", "outline"):
            self.__dict__.pop(name, None)

    def take(self, outline: Outline, version: int) -> None:
        """Take an outline made elsewhere, if the text is still that version."""
        if version == self.version:
            self._last = self.__dict__["outline"] = outline


class Documents:
    """All open documents by URI, however the client happens to escape it."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}

    def open(self, item: types.TextDocumentItem) -> Document:
        document = Document(item.uri, item.version, item.text)
        self._open[unquote(item.uri)] = document
        return document

    def close(self, uri: str) -> None:
        self._open.pop(unquote(uri), None)

    def find(self, uri: str) -> Document | None:
        return self._open.get(unquote(uri))

    def get(self, uri: str) -> Document:
        """Return an open document.

        Raises:
            DocumentError: it is not open.
        """
        document = self.find(uri)
        if document is None:
            raise DocumentError(f"{uri} is not open in the editor.", "Open the file and try again.")
        return document
