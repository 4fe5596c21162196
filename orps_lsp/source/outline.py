"""The functions of a text that is being edited, without parsing all of it at every keystroke.

A module is a sequence of statements. What lies between two edits' unchanged lines is parsed by
itself, with the statements that it touches; if it parses, so does the whole: a run of complete
statements put between complete statements is a module. Where it does not parse, the rest of the
file keeps its functions, and :func:`Outline.reconsidered` can be asked whether the whole is really
broken (a string or an ``else`` may have joined what were two statements).

By the same rule a long text is parsed in parts: the tree of all of it would be a hundred times as
large as the text, and another thread would wait until the parser is through.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate

from orps_lsp.source.errors import SourceSyntaxError
from orps_lsp.source.locate import Function, NotRefinable, bound, describe, is_generated, refusal
from orps_lsp.source.syntax import Document, first_line, last_line, sites

_PART_LINES = 500
# A line that may begin a statement of a module; whether it does is seen when the part is parsed.
_MAY_BEGIN = re.compile(r"(?!(?:else|elif|except|finally)\b)[A-Za-z_@]")


class _Block:
    """Some statements and the lines up to the next block.

    ``functions`` count lines from the block's first one; ``error`` says that it does not parse.
    """

    __slots__ = ("_placed", "error", "functions", "length")

    def __init__(
        self,
        length: int,
        functions: tuple[Function, ...] = (),
        error: SourceSyntaxError | None = None,
    ) -> None:
        self.length = length  # lines
        self.functions = functions
        self.error = error
        self._placed = (0, functions)

    def placed(self, start: int) -> tuple[Function, ...]:
        """The functions, where the block begins at a 0-based line of the text.

        Most edits move nothing: the same objects are returned as long as that is so.
        """
        line, functions = self._placed
        if line != start:
            functions = tuple(_moved(function, start) for function in self.functions)
            self._placed = start, functions
        return functions


class Outline:
    """What is known of one version of a text, given as lines that keep their ends."""

    def __init__(self, lines: Sequence[str], blocks: Sequence[_Block]) -> None:
        self.lines = lines
        self._blocks = blocks

    @classmethod
    def of(cls, lines: Sequence[str]) -> Outline:
        """Parse the whole text."""
        return cls(lines, _blocks(lines))

    def edited(self, lines: Sequence[str]) -> Outline:
        """Return the outline of another version of the text, parsing what differs."""
        first, last = _changed(self.lines, lines)  # of the old lines, half-open
        # With the lines around: what begins there may now belong to the statement before.
        touched = [
            number
            for number, (start, end) in enumerate(self._spans)
            if start <= last and first - 1 < end
        ]
        if not touched:
            return Outline.of(lines)
        head, tail = touched[0], touched[-1] + 1
        start = self._spans[head][0]
        behind = len(self.lines) - self._spans[tail - 1][1]
        between = _blocks(lines[start : len(lines) - behind])
        return Outline(lines, [*self._blocks[:head], *between, *self._blocks[tail:]])

    def reconsidered(self) -> Outline:
        """Return the same outline, or a better one if what is broken belongs to what is below."""
        broken = next((n for n, block in enumerate(self._blocks) if block.error), None)
        if broken is None:
            return self
        first = max(broken - 1, 0)  # it may go on with the statement above, as an `else` does
        below = _blocks(self.lines[self._spans[first][0] :])
        return Outline(self.lines, [*self._blocks[:first], *below])

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """All named functions, in the order of the file; none of what does not parse."""
        return tuple(
            function
            for block, (start, _) in zip(self._blocks, self._spans, strict=True)
            for function in block.placed(start)
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
        number = bisect_right(self._spans, line - 1, key=lambda span: span[0]) - 1
        if number < 0:
            return None
        functions = self._blocks[number].placed(self._spans[number][0])
        around = (item for item in functions if item.start_line <= line <= item.end_line)
        return max(around, key=lambda function: function.start_line, default=None)

    def named(self, qualname: str) -> Function | None:
        """Return the function that a name is bound to, see :func:`locate.bound`."""
        return bound(self._by_name.get(qualname, ()), qualname)

    def refusal(self, function: Function) -> NotRefinable | None:
        """Say why one of the functions cannot be refined, if so."""
        return refusal(function, self.named(function.qualname), self._is_generated)

    @cached_property
    def _by_name(self) -> dict[str, list[Function]]:
        names: dict[str, list[Function]] = {}
        for function in self.functions:
            names.setdefault(function.qualname, []).append(function)
        return names

    @cached_property
    def _is_generated(self) -> bool:
        return is_generated(self.lines)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """The 0-based lines of each block, half-open."""
        ends = list(accumulate(block.length for block in self._blocks))
        return list(zip([0, *ends], ends, strict=False))


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """Parse lines that begin and end with whole statements, in parts.

    What parses up to the end of a line is whole statements, and so is the rest then. A part that
    does not parse may end within a statement, and is tried with more lines. If none helps, the
    text is broken: the functions of the other parts are kept.
    """
    blocks: list[_Block] = []
    start, broken = 0, False
    while start < len(lines) or not blocks:
        end = first = _may_end(lines, start + _PART_LINES)
        while True:
            try:
                blocks += _parsed(lines[start:end])
            except SourceSyntaxError as error:
                if end < len(lines) and not broken:
                    end = _may_end(lines, 2 * end - start)
                    continue
                # Not up to the end: edits of what is broken would parse all of it, each time.
                end, broken = first, True
                # Anew, without the frames that the raised one holds.
                error = SourceSyntaxError(error.reason, error.line)
                blocks.append(_Block(end - start, error=error))
            break
        start = end
    return blocks


def _may_end(lines: Sequence[str], number: int) -> int:
    """Return the first line, not before a number, that may begin a statement; else the end."""
    after = range(number, len(lines))
    return next((at for at in after if _MAY_BEGIN.match(lines[at])), len(lines))


def _parsed(lines: Sequence[str]) -> list[_Block]:
    """Parse whole statements.

    Raises:
        SourceSyntaxError: they are not.
    """
    document = Document("".join(lines))
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
