"""Best of n: independent samples from the root, no feedback. What a search must beat."""

from __future__ import annotations

from itertools import cycle, islice

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import StopReason

_WAVE = 16  # drawn at once where the number of candidates has no limit


async def run(search: Search) -> StopReason:
    """Draw samples until a budget ends it."""
    ways = cycle(search.strategies)
    while True:
        search.round += 1
        search.report("drawing samples")
        left = search.spending.candidates_left
        if left is not None and left <= 0:
            return StopReason.BUDGET_CANDIDATES
        width = _WAVE if left is None else left
        await search.expand([Expansion(way) for way in islice(ways, width)])
