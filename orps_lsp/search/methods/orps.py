"""Outcome-Refining Process Supervision (arXiv 2412.15118, section 3): a beam over attempts.

Each round expands the kept attempts by strategies, runs what comes back, lets the critic review the
most promising in the light of what ran, and keeps the best k by the combined score.
"""

from __future__ import annotations

from itertools import cycle, islice

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, Intent, Status, StopReason

_FIRST_ROUND_SHARE = 0.5  # of the candidates: width finds the idea, depth improves it
_WIDTH_WITHOUT_LIMIT = 16
_ENOUGH_FIXES = 2
_WORTH_A_ROUND = 0.01  # of score; smaller steps are the noise of the measurement
_WIDER = 0.15  # temperature added per round that expands the root again


async def run(search: Search, *, converge: bool = True) -> StopReason:
    """Search until a budget, success or convergence ends it.

    Without ``converge`` a round that found nothing better is followed by the next one.
    """
    beam: list[Candidate] = []
    before = 0.0
    for number in range(1, search.budget.rounds + 1):
        search.round = number
        search.report(f"round {number}/{search.budget.rounds}")
        await search.expand(_plan(search, beam), enough=lambda: _solved(search, _ENOUGH_FIXES))
        solved = _solved(search, 1)
        pool = search.offered() if solved else search.best(2 * search.options.beam)
        search.report(f"round {number}/{search.budget.rounds}: reviewing")
        await search.review(pool)
        if solved:
            return StopReason.SUCCESS
        beam = search.best(search.options.beam)
        best = beam[0].score if beam else 0.0
        # Nothing to offer yet is no reason to stop while there is budget.
        stalled = number > 1 and best <= before + _WORTH_A_ROUND
        if converge and stalled and search.offered():
            return StopReason.CONVERGED
        before = max(before, best)
    return StopReason.BUDGET_ROUNDS


def _solved(search: Search, count: int) -> bool:
    """A fix is found or not; the other intents can always be done better."""
    if search.task.intent is not Intent.FIX:
        return False
    return sum(c.status is Status.VERIFIED for c in search.candidates) >= count


def _plan(search: Search, beam: list[Candidate]) -> list[Expansion]:
    """Which attempts to expand, by which strategies.

    The first round opens the root widely. Later ones give half of their width to the beam; the
    other half goes to the root again, a little hotter, so that one poor idea cannot hold it all.
    """
    width = _width(search)
    ways = search.strategies
    offset = sum(c.parent is None for c in search.candidates)
    temperature = search.options.temperature + (_WIDER * (search.round - 1))
    deep = width // 2 if beam else 0
    root = islice(cycle(ways), offset, offset + width - deep)
    plan = [Expansion(way, temperature=temperature) for way in root]
    for index, parent in zip(range(deep), cycle(beam), strict=False):
        way = ways[(index // len(beam) + search.round) % len(ways)]
        plan.append(Expansion(way, search.path(parent)))
    return plan


def _width(search: Search) -> int:
    total = search.budget.candidates
    if not total:
        return _WIDTH_WITHOUT_LIMIT
    if search.budget.rounds == 1:
        return total
    if search.round == 1:
        return max(1, round(total * _FIRST_ROUND_SHARE))
    return max(1, round(total * (1 - _FIRST_ROUND_SHARE) / (search.budget.rounds - 1)))
