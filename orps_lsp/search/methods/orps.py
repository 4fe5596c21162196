"""Outcome-Refining Process Supervision (arXiv 2412.15118, section 3): a beam over attempts.

Each round expands the kept attempts by strategies, runs what comes back, lets the critic review the
most promising in the light of what ran, and keeps the best k by the combined score.
"""

from __future__ import annotations

import random
from itertools import cycle, islice

from orps_lsp.search import bandit
from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.rules import try_rules
from orps_lsp.search.spending import Finished
from orps_lsp.search.types import Candidate, Intent, Part, StopReason

_FIRST_ROUND_SHARE = 0.5  # of the answers: width finds the idea, depth improves it
_WIDTH_WITHOUT_LIMIT = 16
_ENOUGH_FIXES = 6  # answers that pass: with fewer, agreement between them says little
_WORTH_A_ROUND = 0.01  # of score; smaller steps are the noise of the measurement
_WIDER = 0.15  # temperature added per round that expands the root again


async def run(search: Search, *, converge: bool = True) -> StopReason:
    """Search until a budget, success or convergence ends it; then choose among fixes.

    Without ``converge`` a round that found nothing better is followed by the next one.
    """
    try:
        reason = await _rounds(search, converge)
    except Finished as finished:
        reason = finished.reason
    search.report("comparing what passes")
    await search.settle()
    return reason


async def _rounds(search: Search, converge: bool) -> StopReason:
    beam: list[Candidate] = []
    before = 0.0
    for number in range(1, search.budget.rounds + 1):
        search.round = number
        if number == 1:
            search.report("trying rules")
            await try_rules(search)
        search.report(f"round {number}/{search.budget.rounds}")
        await search.expand(_plan(search, beam), enough=lambda: _solved(search))
        if _solved(search):
            return StopReason.SUCCESS
        search.report(f"round {number}/{search.budget.rounds}: reviewing")
        await search.review(search.best(2 * search.options.beam))
        beam = search.best(search.options.beam)
        best = beam[0].score if beam else 0.0
        # Nothing to offer yet is no reason to stop while there is budget.
        stalled = number > 1 and best <= before + _WORTH_A_ROUND
        if converge and stalled and search.offered() and search.task.intent is not Intent.FIX:
            return StopReason.CONVERGED
        before = max(before, best)
    return StopReason.SUCCESS if search.is_fixed else StopReason.BUDGET_ROUNDS


def _solved(search: Search) -> bool:
    """A fix is found or not; the other intents can always be done better."""
    return search.is_fixed and search.passing >= _ENOUGH_FIXES


def _plan(search: Search, beam: list[Candidate]) -> list[Expansion]:
    """Which attempts to expand, by which strategies.

    The first round opens the root widely. Later ones give half of their width to the beam; the
    other half goes to the root again, a little hotter, so that one poor idea cannot hold it all.
    What is fixed is not repaired: the root is asked again, for others to agree with it or not.
    """
    width = _width(search)
    ways = search.strategies
    offset = sum(c.parent is None for c in search.candidates)
    temperature = search.options.temperature + (_WIDER * (search.round - 1))
    deep = width // 2 if beam and not search.is_fixed else 0
    if Part.REPAIR in search.options.without:
        deep = 0
    if search.round == 1 or Part.BANDIT in search.options.without:
        root = list(islice(cycle(ways), offset, offset + width - deep))
    else:
        chance = random.Random(f"{search.options.seed} {search.round}")
        root = bandit.choose(ways, search.candidates, width - deep, chance)
    plan = [Expansion(way, temperature=temperature) for way in root]
    if search.task.intent is Intent.FIX and search.round == 1:
        likeliest = Part.LIKELIEST not in search.options.without
        plan[0] = Expansion(plan[0].strategy, temperature=0.0 if likeliest else None)
    for index, parent in zip(range(deep), cycle(beam), strict=False):
        way = ways[(index // len(beam) + search.round) % len(ways)]
        plan.append(Expansion(way, search.path(parent)))
    return plan


def _width(search: Search) -> int:
    """How many answers this round is for; the last takes what is left."""
    left = search.spending.answers_left
    if left is None:
        return _WIDTH_WITHOUT_LIMIT
    rounds_left = search.budget.rounds - search.round + 1
    if rounds_left == 1:
        return max(left, _WIDTH_WITHOUT_LIMIT) if search.budget.tokens else left
    return max(1, round(left * (_FIRST_ROUND_SHARE if search.round == 1 else 1 / rounds_left)))
