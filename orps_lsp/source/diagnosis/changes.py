"""Small changes to the text of a function, by the nodes of its tree: comments and layout stay."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from orps_lsp.source.errors import SourceSyntaxError
from orps_lsp.source.syntax import Document, first_line, last_line, parse


@dataclass(frozen=True, slots=True)
class Before:
    """Lines before a statement, with its indentation."""

    node: ast.stmt
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class After:
    """Lines behind a statement, with its indentation."""

    node: ast.stmt
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Instead:
    """Another text for an expression or a statement; without ``text`` a statement's lines go."""

    node: ast.expr | ast.stmt
    text: str


@dataclass(frozen=True, slots=True)
class Deeper:
    """A statement one level deeper."""

    node: ast.stmt


@dataclass(frozen=True, slots=True)
class Unwrap:
    """The body of an ``if``, without it; what it holds begins on a line of its own."""

    node: ast.If


Change: TypeAlias = Before | After | Instead | Deeper | Unwrap

_LEVEL = "    "


def apply(document: Document, changes: Sequence[Change]) -> str:
    """Return the text with the changes; empty if there are none, or it does not parse then."""
    if not changes:
        return ""
    starts = [0]
    for line in document.lines:
        starts.append(starts[-1] + len(line) + 1)

    def edits(change: Change) -> Iterator[tuple[int, int, str]]:
        if isinstance(change, Instead) and change.text:
            node = change.node
            end_line, end_column = node.end_lineno or 0, node.end_col_offset or 0
            begin = starts[node.lineno - 1] + document.characters(node.lineno, node.col_offset)
            end = starts[end_line - 1] + document.characters(end_line, end_column)
            yield begin, end, change.text
            return
        assert isinstance(change.node, ast.stmt)
        lines = range(first_line(change.node), last_line(change.node) + 1)
        first, last = starts[lines[0] - 1], starts[lines[-1]]
        indent = document.indent(lines[0])
        match change:
            case Instead():
                yield first, last, ""
            case Before():
                yield first, first, "".join(f"{indent}{line}\n" for line in change.lines)
            case After():
                yield last, last, "".join(f"{indent}{line}\n" for line in change.lines)
            case Deeper():
                for number in lines:
                    if number not in document.inside_strings and document.lines[number - 1]:
                        yield starts[number - 1], starts[number - 1], _LEVEL
            case Unwrap(node):
                begin = first_line(node.body[0])
                yield first, starts[begin - 1], ""
                extra = len(document.indent(begin)) - len(indent)
                for number in range(begin, lines[-1] + 1):
                    if number not in document.inside_strings and document.lines[number - 1]:
                        yield starts[number - 1], starts[number - 1] + extra, ""

    text = f"{document.text}\n" if not document.text.endswith("\n") else document.text
    found = [edit for change in changes for edit in edits(change)]
    # From the end on; of those at one place the first is to stand before the others.
    order = sorted(range(len(found)), key=lambda number: (*found[number][:2], number))
    for number in reversed(order):
        start, end, replacement = found[number]
        text = text[:start] + replacement + text[end:]
    try:
        parse(text)
    except SourceSyntaxError:
        return ""
    return text
