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

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import convert
from orps_lsp.source.locate import (
    Function,
    NotRefinable,
    SourceSyntaxError,
    check_refinable,
    functions,
)
from orps_lsp.source.syntax import split_lines


class DocumentError(OrpsError):
    """A command names a document that the server does not have."""


class Text:
    """One version of a document's text and what is derived from it, computed once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._refusals: dict[Function, NotRefinable | None] = {}

    @cached_property
    def lines(self) -> list[str]:
        return split_lines(self.text)

    @property
    def functions(self) -> tuple[Function, ...]:
        """All named functions, in file order; none if the text is not Python."""
        return self._parsed[0]

    @property
    def syntax_error(self) -> SourceSyntaxError | None:
        """Why the text is not Python."""
        return self._parsed[1]

    def refusal(self, function: Function) -> NotRefinable | None:
        """Why one of the functions cannot be refined; asked for with every move of the cursor."""
        if function not in self._refusals:
            try:
                check_refinable(self.text, function)
                self._refusals[function] = None
            except NotRefinable as error:
                self._refusals[function] = error
        return self._refusals[function]

    @cached_property
    def _parsed(self) -> tuple[tuple[Function, ...], SourceSyntaxError | None]:
        try:
            return functions(self.text), None
        except SourceSyntaxError as error:
            return (), error


class Document:
    """An open document. ``content`` is replaced as a whole when the text changes."""

    def __init__(self, uri: str, version: int, text: str) -> None:
        self.uri = uri
        self.version = version
        self.content = Text(text)

    @property
    def text(self) -> str:
        return self.content.text

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
                start = convert.offset(self.content.lines, change.range.start, codec)
                end = convert.offset(self.content.lines, change.range.end, codec)
                start, end = min(start, end), max(start, end)
                self.content = Text(self.text[:start] + change.text + self.text[end:])
            else:
                self.content = Text(change.text)
        self.version = version

    def function_at(self, line: int) -> Function | None:
        """Return the innermost function at a 0-based line."""
        around = (
            function
            for function in self.content.functions
            if function.start_line <= line + 1 <= function.end_line
        )
        return max(around, key=lambda function: function.start_line, default=None)

    def function_named(self, qualname: str) -> Function | None:
        """Return the function of that name, as ``source.locate.find`` chooses among several."""
        named = [item for item in self.content.functions if item.qualname == qualname]
        bodies = [item for item in named if not _is_overload(item)]
        return next(reversed(bodies or named), None)


def _is_overload(function: Function) -> bool:
    return any(name.rpartition(".")[2] == "overload" for name in function.decorators)


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
