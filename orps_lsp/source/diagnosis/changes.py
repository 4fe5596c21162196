"""Small changes to the text of a function, by the nodes of its tree: comments and layout stay."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
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


Change: TypeAlias = Before | After | Instead


def apply(document: Document, changes: Sequence[Change]) -> str:
    """Return the text with the changes; empty if there are none, or it does not parse then."""
    if not changes:
        return ""
    starts = [0]
    for line in document.lines:
        starts.append(starts[-1] + len(line) + 1)

    def edit(change: Change) -> tuple[int, int, str]:
        if isinstance(change, Instead) and change.text:
            node = change.node
            end_line, end_column = node.end_lineno or 0, node.end_col_offset or 0
            begin = starts[node.lineno - 1] + document.characters(node.lineno, node.col_offset)
            end = starts[end_line - 1] + document.characters(end_line, end_column)
            return begin, end, change.text
        assert isinstance(change.node, ast.stmt)
        first, last = starts[first_line(change.node) - 1], starts[last_line(change.node)]
        if isinstance(change, Instead):
            return first, last, ""
        indent = document.indent(first_line(change.node))
        text = "".join(f"{indent}{line}\n" for line in change.lines)
        place = first if isinstance(change, Before) else last
        return place, place, text

    text = f"{document.text}\n" if not document.text.endswith("\n") else document.text
    for start, end, replacement in sorted(map(edit, changes), key=itemgetter(0, 1), reverse=True):
        text = text[:start] + replacement + text[end:]
    try:
        parse(text)
    except SourceSyntaxError:
        return ""
    return text
