"""Depth first, with branches only at key decisions, after DARS (arXiv 2503.14269).

An attempt is followed by its correction as long as corrections help. Where one does not, that was
a key decision: other strategies branch off there, and the most promising branch is followed. A
branch that leads nowhere is left for the next best that is open.
"""

from __future__ import annotations

from itertools import cycle, islice

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, StopReason

_BRANCHES = 3
_DEPTH = 4


async def run(search: Search) -> StopReason:
    """Go down until a budget ends it, or a fix is found."""
    ways = cycle(search.strategies)
    opened: list[tuple[Candidate, ...]] = []  # paths that may be followed, the last one first
    while True:
        path = opened.pop() if opened else ()
        search.round += 1
        search.report(f"step {search.round}, {len(path)} deep")
        straight = await _step(search, [Expansion(next(ways), path)])
        helped = straight and (not path or straight[0].score > path[-1].score)
        branches = straight
        if not helped and not search.is_fixed:
            others = [Expansion(way, path) for way in islice(ways, _BRANCHES - 1)]
            branches = [*straight, *await _step(search, others)]
        if search.is_fixed:
            return StopReason.SUCCESS
        branches.sort(key=lambda candidate: candidate.score)
        if len(path) < _DEPTH:
            opened += [search.path(candidate) for candidate in branches]


async def _step(search: Search, expansions: list[Expansion]) -> list[Candidate]:
    return await search.review(await search.expand(expansions, enough=lambda: search.is_fixed))
