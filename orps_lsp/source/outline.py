"""The functions of a text that is being edited, without parsing all of it at every keystroke.

A module is a sequence of statements. What lies between two edits' unchanged lines is parsed by
itself, with the statements that it touches; if it parses, so does the whole: a run of complete
statements put between complete statements is a module. Where it does not parse, the rest of the
file keeps its functions, and :func:`Outline.of` can be asked whether the whole is really broken
(a string or an ``else`` may have joined what were two statements).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from orps_lsp.source.errors import SourceSyntaxError
from orps_lsp.source.locate import Function, NotRefinable, bound, describe, refusal
from orps_lsp.source.syntax import Document, first_line, last_line, sites, split_lines


@dataclass(frozen=True, slots=True)
class _Block:
    """Some statements and the lines up to the next block.

    ``functions`` count lines from the block's first one; ``error`` says that it does not parse.
    """

    length: int  # lines
    functions: tuple[Function, ...] = ()
    error: SourceSyntaxError | None = None


class Outline:
    """What is known of one version of a text. ``lines`` keep their ends."""

    def __init__(self, lines: Sequence[str], blocks: Sequence[_Block]) -> None:
        self.lines = lines
        self._blocks = blocks

    @classmethod
    def of(cls, text: str) -> Outline:
        """Parse the whole text."""
        lines = split_lines(text)
        return cls(lines, _blocks(lines))

    def edited(self, text: str) -> Outline:
        """Return the outline of another version of the text, parsing what differs."""
        lines = split_lines(text)
        first, last = _changed(self.lines, lines)  # of the old lines, half-open
        # With the lines around: what begins there may now belong to the statement before.
        touched = [
            number
            for number, (start, end) in enumerate(self._spans)
            if start <= last and first - 1 < end
        ]
        if not touched:
            return Outline.of(text)
        head, tail = touched[0], touched[-1] + 1
        start = self._spans[head][0]
        behind = len(self.lines) - self._spans[tail - 1][1]
        between = _blocks(lines[start : len(lines) - behind])
        return Outline(lines, [*self._blocks[:head], *between, *self._blocks[tail:]])

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """All named functions, in the order of the file; none of what does not parse."""
        return tuple(
            _moved(function, start)
            for block, (start, _) in zip(self._blocks, self._spans, strict=True)
            for function in block.functions
        )

    @cached_property
    def syntax_error(self) -> SourceSyntaxError | None:
        """Why the text is not Python, with its line in the text."""
        for block, (start, _) in zip(self._blocks, self._spans, strict=True):
            if block.error:
                return SourceSyntaxError(block.error.reason, block.error.line + start)
        return None

    def at(self, line: int) -> Function | None:
        """Return the innermost function at a 1-based line."""
        around = (item for item in self.functions if item.start_line <= line <= item.end_line)
        return max(around, key=lambda function: function.start_line, default=None)

    def named(self, qualname: str) -> Function | None:
        """Return the function that a name is bound to, see :func:`locate.bound`."""
        return bound(self._by_name.get(qualname, ()), qualname)

    def refusal(self, function: Function) -> NotRefinable | None:
        """Say why one of the functions cannot be refined, if so."""
        return refusal(function, self.named(function.qualname), self._head)

    @cached_property
    def _by_name(self) -> dict[str, list[Function]]:
        names: dict[str, list[Function]] = {}
        for function in self.functions:
            names.setdefault(function.qualname, []).append(function)
        return names

    @cached_property
    def _head(self) -> str:
        return "".join(self.lines[:10])

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """The 0-based lines of each block, half-open."""
        ends = list(accumulate(block.length for block in self._blocks))
        return list(zip([0, *ends], ends, strict=False))


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """Parse lines that begin and end with whole statements."""
    try:
        document = Document("".join(lines))
    except SourceSyntaxError as error:
        return [_Block(len(lines), error=error)]
    ends: list[int] = []  # of blocks, exclusive; comments belong to what is above them
    below = 0
    for statement in document.tree.body:
        if ends and first_line(statement) > below:
            ends.append(first_line(statement) - 1)
        elif not ends:
            ends.append(0)
        below = max(below, last_line(statement))
    ends = [*ends[1:], len(lines)]
    found = [describe(document, site) for site in sites(document.tree)]
    blocks, start, used = [], 0, 0
    for end in ends:
        inside = []
        while used < len(found) and found[used].start_line <= end:
            inside.append(_moved(found[used], -start))
            used += 1
        blocks.append(_Block(end - start, tuple(inside)))
        start = end
    return blocks


def _changed(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return the old lines that are not in the new text, half-open; empty where lines came in."""
    shorter = min(len(old), len(new))
    before = next((n for n in range(shorter) if old[n] is not new[n] and old[n] != new[n]), shorter)
    rest = shorter - before
    after = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    return before, len(old) - after


def _moved(function: Function, lines: int) -> Function:
    if not lines:
        return function
    return replace(
        function,
        start_line=function.start_line + lines,
        def_line=function.def_line + lines,
        end_line=function.end_line + lines,
    )
