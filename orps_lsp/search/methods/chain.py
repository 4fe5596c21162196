"""One chain of thought: each attempt sees what became of the last ones. No branching."""

from __future__ import annotations

from itertools import cycle

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, StopReason


async def run(search: Search) -> StopReason:
    """Extend the chain until a budget ends it, or a fix is found."""
    path: tuple[Candidate, ...] = ()
    ways = cycle(search.strategies)
    while not search.is_fixed:
        search.round += 1
        search.report(f"step {search.round}")
        new = await search.expand([Expansion(next(ways), path)])
        if new:
            (latest,) = await search.review(new)
            path = search.path(latest)
    return StopReason.SUCCESS
