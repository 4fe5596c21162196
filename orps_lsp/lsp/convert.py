"""Between the protocol's positions and Python's text.

Lines are those of :func:`orps_lsp.source.syntax.split_lines`, endings kept. Columns are counted in
the units that client and server agreed on (``general.positionEncodings``); here in code points.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec


def column(line: str, units: int, codec: PositionCodec) -> int:
    """Turn a column in the client's units into code points, at most the end of the line."""
    content = line.rstrip("\r\n")
    if units >= codec.client_num_units(content):
        return len(content)
    position = types.Position(0, max(units, 0))
    return codec.position_from_client_units([content], position).character


def offset(lines: Sequence[str], position: types.Position, codec: PositionCodec) -> int:
    """Return the index into the text at ``position``; what lies behind the end is the end."""
    if position.line >= len(lines):
        return sum(map(len, lines))
    before = sum(map(len, lines[: position.line]))
    return before + column(lines[position.line], position.character, codec)


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
