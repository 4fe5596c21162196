"""Differences with their Python highlighted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from orps_lsp.report.text import safe

_MOST_LINES = 400  # of one difference; a function is shorter, an answer gone wild is not
_MOST_CHARACTERS = 20_000

# Kinds of token by their first match; the names are those of the style sheet.
_KINDS = (
    (Comment, "com"),
    (String, "str"),
    (Number, "num"),
    (Operator.Word, "key"),
    (Keyword, "key"),
    (Name.Function, "def"),
    (Name.Class, "def"),
    (Name.Decorator, "def"),
    (Name.Builtin.Pseudo, ""),
    (Name.Builtin, "lib"),
    (Name.Exception, "lib"),
)
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_MARKS = {"+": "add", "-": "del", " ": "same"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference. ``kind`` is ``add``, ``del``, ``same`` or ``gap`` (left out lines).

    ``old`` and ``new`` are its numbers in both texts, empty where it is not in one.
    """

    kind: str
    mark: str
    code: Markup
    old: str = ""
    new: str = ""


class Highlighter:
    """Highlights lines by the whole texts they come from, so that docstrings are known as such."""

    def __init__(self, *texts: str) -> None:
        self._known: dict[str, Markup] = {}
        for text in texts:
            self._learn(text)

    def _learn(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the lexer does
        for line, markup in zip(text.split("\n"), _highlight(text), strict=True):
            self._known.setdefault(line.strip(), markup)

    def line(self, text: str) -> Markup:
        """Return one line, indented as it is."""
        body = text.strip()
        indent = safe(text[: len(text) - len(text.lstrip())])
        known = self._known.get(body)
        return indent + (Markup(" ").join(_highlight(body)) if known is None else known)


def diff_lines(diff: str, highlighter: Highlighter) -> list[Line]:
    """Return the lines of a unified diff of one file, without its headers."""
    lines = list(_lines(diff[:_MOST_CHARACTERS], highlighter))
    if len(lines) > _MOST_LINES or len(diff) > _MOST_CHARACTERS:
        del lines[_MOST_LINES:]
        lines.append(Line("gap", "", Markup("The rest is too long to be shown.")))
    return lines


def _lines(diff: str, highlighter: Highlighter) -> Iterator[Line]:
    old = new = -1  # before the first hunk
    for text in diff.removesuffix("\n").split("\n"):
        if hunk := _HUNK.match(text):
            if old >= 0:
                yield Line("gap", "", Markup("⋯"))
            old, new = int(hunk[1]), int(hunk[2])
        elif old >= 0 and (kind := _MARKS.get(text[:1])):
            yield Line(
                kind,
                text[0],
                highlighter.line(text[1:]),
                str(old) if kind != "add" else "",
                str(new) if kind != "del" else "",
            )
            old += kind != "add"
            new += kind != "del"


def _highlight(text: str) -> list[Markup]:
    """Return the lines of ``text``, stripped, with a span around what is of a known kind."""
    lines: list[list[tuple[str, str]]] = [[]]
    for token, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        kind = _kind(token)
        for index, part in enumerate(value.split("\n")):
            if index:
                lines.append([])
            if not lines[-1]:
                part = part.lstrip()
            if part:
                lines[-1].append((kind, part))
    return [_marked(line) for line in lines]


def _marked(parts: list[tuple[str, str]]) -> Markup:
    markup = Markup()
    for kind, group in groupby(parts, key=lambda part: part[0]):
        text = safe("".join(part for _, part in group))
        markup += Markup('<span class="{}">{}</span>').format(kind, text) if kind else text
    return markup


def _kind(token: Any) -> str:
    return next((kind for known, kind in _KINDS if token in known), "")
