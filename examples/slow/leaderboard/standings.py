"""Standings of a blitz evening: who was where when their result came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Result(NamedTuple):
    """The points that a player made; a player may have several."""

    player: str
    points: int


def best_results(results: Sequence[Result]) -> dict[str, int]:
    """Return the most points that each player made."""
    best: dict[str, int] = {}
    for result in results:
        best[result.player] = max(result.points, best.get(result.player, result.points))
    return best


def rank_history(results: Sequence[Result]) -> list[int]:
    """Return for each result which place it took when it came in.

    Results with the same points share a place: 50, 40, 40, 30 are in places 1, 2, 2, 4.
    """
    places = []
    for count in range(1, len(results) + 1):
        so_far = sorted(results[:count], key=lambda result: result.points, reverse=True)
        latest = results[count - 1]
        place = 1
        for result in so_far:
            if result.points > latest.points:
                place += 1
        places.append(place)
    return places
