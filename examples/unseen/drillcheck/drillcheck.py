"""Spacing check of the drill holes on a circuit board.

Coordinates are whole micrometres.  Holes that are too close together break
the drill, so the two closest holes decide whether a board can be made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MICROMETRES_PER_MM = 1000


@dataclass(frozen=True)
class Hole:
    """A hole by its centre and diameter."""

    x: int
    y: int
    diameter: int = 800


@dataclass(frozen=True)
class Spacing:
    """Two holes by index (first < second) and the distance of the centres."""

    first: int
    second: int
    distance: float


def parse_hole(line: str) -> Hole:
    """Read a line like 'X12500Y-3400' or 'X12500Y-3400D600'."""
    if not line.startswith("X") or "Y" not in line:
        raise ValueError(f"not a hole: {line!r}")
    x, rest = line[1:].split("Y", 1)
    if "D" in rest:
        y, diameter = rest.split("D", 1)
        return Hole(int(x), int(y), int(diameter))
    return Hole(int(x), int(rest))


def squared_distance(a: Hole, b: Hole) -> int:
    return (a.x - b.x) ** 2 + (a.y - b.y) ** 2


def closest_pair(holes: list[Hole]) -> Spacing | None:
    """Return the two holes whose centres are closest to each other.

    Of equally close pairs the one with the lowest first index is returned,
    then with the lowest second index.  Holes at the same place have the
    distance 0.0.  None if there are less than two holes.
    """
    best = None
    for i in range(len(holes)):
        for j in range(len(holes)):
            if i < j:
                gap = squared_distance(holes[i], holes[j])
                if best is None or gap < best[0]:
                    best = (gap, i, j)
    if best is None:
        return None
    return Spacing(best[1], best[2], math.sqrt(best[0]))


def check_board(lines: list[str], minimum_mm: float) -> str:
    """A verdict about the hole spacing of a board."""
    spacing = closest_pair([parse_hole(line) for line in lines])
    if spacing is None:
        return "ok"
    if spacing.distance >= minimum_mm * MICROMETRES_PER_MM:
        return "ok"
    distance = spacing.distance / MICROMETRES_PER_MM
    return f"holes {spacing.first + 1} and {spacing.second + 1}: {distance:.3f} mm"
