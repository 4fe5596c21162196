"""The difference between two versions of a text: to read, and as edits."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from orps_lsp.source.syntax import split_lines

_LINE_ENDS = "\r\n"


@dataclass(frozen=True, slots=True)
class LineEdit:
    """Replace lines ``start_line`` to ``end_line`` (0-based, half open) by ``text``."""

    start_line: int
    end_line: int
    text: str


def unified(old: str, new: str, path: str) -> str:
    """Return a unified diff with git's ``a/`` and ``b/`` headers; empty if nothing changed.

    It is meant for reading: its own lines end with LF whatever the texts' line ends are. A changed
    line end alone shows as a changed line.
    """
    output: list[str] = []
    for line in difflib.unified_diff(
        split_lines(old), split_lines(new), f"a/{path}", f"b/{path}", n=3, lineterm="\n"
    ):
        text = line.rstrip(_LINE_ENDS)
        output.append(f"{text}\n")
        if text == line:
            output.append("\\ No newline at end of file\n")
    return "".join(output)


def line_edits(old: str, new: str) -> tuple[LineEdit, ...]:
    """Return minimal edits, in the order of the file, that turn ``old`` into ``new``.

    They refer to the lines of ``old`` and do not touch each other: apply them from the last.
    """
    before, after = split_lines(old), split_lines(new)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    matcher = difflib.SequenceMatcher(
        None, before[start : len(before) - end], after[start : len(after) - end], autojunk=False
    )
    return tuple(
        LineEdit(start + i1, start + i2, "".join(after[start + j1 : start + j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many lines are equal from the start."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count
