"""Greedy search with backtracking, as HGS-PRM does it (arXiv 2310.10080).

One path. A step that scores no lower than the one before is taken; after a worse one the next
strategy has its turn from where the path was, and after too many the path loses its end.
"""

from __future__ import annotations

from itertools import cycle

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, StopReason

_PATIENCE = 3  # bad steps in a row


async def run(search: Search) -> StopReason:
    """Walk until a budget ends it, or a fix is found."""
    path: tuple[Candidate, ...] = ()
    ways = cycle(search.strategies)
    bad = 0
    while not search.is_fixed:
        search.round += 1
        search.report(f"step {search.round}, {len(path)} deep")
        new = await search.review(await search.expand([Expansion(next(ways), path)]))
        if new and (not path or new[0].score >= path[-1].score):
            path, bad = search.path(new[0]), 0
            continue
        bad += 1
        if bad == _PATIENCE:
            path, bad = path[:-1], 0
    return StopReason.SUCCESS
