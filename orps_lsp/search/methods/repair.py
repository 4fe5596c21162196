"""Plain repair (arXiv 2306.09896): a few drafts, then corrections of what their tests say.

No critic and no beam: the draft that comes furthest is corrected, and so is what came of it.
"""

from __future__ import annotations

from itertools import cycle, islice

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.strategies import REPAIR
from orps_lsp.search.types import Candidate, Intent, Status, StopReason

_DRAFTS = 3
_CORRECTIONS = 2  # of one attempt, then the next best has its turn


async def run(search: Search) -> StopReason:
    """Correct until a budget ends it, or a fix is found."""
    ways = cycle(search.strategies)
    corrected: dict[int, int] = {}
    while True:
        search.round += 1
        faulty = _furthest(search, corrected)
        if faulty is None:
            search.report(f"round {search.round}: drafting")
            await search.expand([Expansion(way) for way in islice(ways, _DRAFTS)])
        else:
            search.report(f"round {search.round}: correcting candidate {faulty.id}")
            corrected[faulty.id] = corrected.get(faulty.id, 0) + 1
            await search.expand([Expansion(REPAIR, search.path(faulty))])
        if search.is_fixed:
            return StopReason.SUCCESS


def _furthest(search: Search, corrected: dict[int, int]) -> Candidate | None:
    """The best attempt that can still be corrected: wrong, or right but no better than before."""
    optimising = search.task.intent is not Intent.FIX
    left = [
        c
        for c in search.best(len(search.candidates))
        if corrected.get(c.id, 0) < _CORRECTIONS and (optimising or c.status is Status.FAILED)
    ]
    return left[0] if left else None
