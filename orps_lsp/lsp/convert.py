"""Between the protocol's positions and Python's text.

Lines are those of :func:`orps_lsp.source.syntax.split_lines`, endings kept. Columns are counted in
the units that client and server agreed on (``general.positionEncodings``); here in code points.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from orps_lsp.source.syntax import split_lines


def column(line: str, units: int, codec: PositionCodec) -> int:
    """Turn a column in the client's units into code points, at most the end of the line."""
    content = line.rstrip("\r\n")
    if units >= codec.client_num_units(content):
        return len(content)
    position = types.Position(0, max(units, 0))
    return codec.position_from_client_units([content], position).character


def replaced(
    lines: Sequence[str], place: types.Range, text: str, codec: PositionCodec
) -> list[str]:
    """Return the lines of the text in which a range is replaced.

    What lies behind the end is the end; a range that is the wrong way round is turned.
    """
    (first, start), (last, end) = sorted(
        _place(lines, position, codec) for position in (place.start, place.end)
    )
    if start == 0 and first > 0 and lines[first - 1].endswith("\r"):
        first -= 1  # a line feed that comes behind makes one line end of both
        start = len(lines[first])
    head = lines[first][:start] if first < len(lines) else ""
    tail = lines[last][end:] if last < len(lines) else ""
    return [*lines[:first], *split_lines(head + text + tail), *lines[last + 1 :]]


def _place(lines: Sequence[str], position: types.Position, codec: PositionCodec) -> tuple[int, int]:
    if position.line < len(lines):
        return position.line, column(lines[position.line], position.character, codec)
    if lines and not lines[-1].endswith(("\n", "\r")):
        return len(lines) - 1, len(lines[-1])
    return len(lines), 0


def line_start(lines: Sequence[str], line: int, codec: PositionCodec) -> types.Position:
    """Return the start of a 0-based line; of the line behind the last one, the end of the text.

    Without a final newline no line begins there, and clients differ in what they make of one.
    """
    if line < len(lines) or not lines or lines[-1].endswith(("\n", "\r")):
        return types.Position(line, 0)
    return types.Position(len(lines) - 1, codec.client_num_units(lines[-1]))


def line_range(lines: Sequence[str], start: int, end: int, codec: PositionCodec) -> types.Range:
    """Return the range of the 0-based lines ``start`` up to, not including, ``end``."""
    return types.Range(line_start(lines, start, codec), line_start(lines, end, codec))
