"""Which strategies to draw with next, by what they have brought so far: Thompson sampling.

Each strategy is an arm of a bandit whose reward is the outcome of what it drew (Thompson 1933; for
rewards in [0, 1] Agrawal and Goyal, arXiv 1111.1797). A strategy that never drew is as likely to be
chosen as any; one that only brings repetitions and failures soon is not.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from orps_lsp.search.strategies import Strategy
from orps_lsp.search.types import Candidate


def choose(
    strategies: Sequence[Strategy], drawn: Iterable[Candidate], count: int, chance: random.Random
) -> list[Strategy]:
    """Choose ``count`` strategies, with repetitions. ``drawn`` are the candidates so far.

    A choice counts as a draw without reward for those after it, so that one strategy does not get
    all of them before anything more is known.
    """
    good = dict.fromkeys((each.name for each in strategies), 1.0)  # uniform before the first draw
    bad = dict.fromkeys(good, 1.0)
    for candidate in drawn:
        if candidate.parent is None and candidate.strategy in good:
            good[candidate.strategy] += candidate.outcome
            bad[candidate.strategy] += 1 - candidate.outcome
    by_name = {each.name: each for each in strategies}
    chosen = []
    for _ in range(count):
        name = max(by_name, key=lambda each: chance.betavariate(good[each], bad[each]))
        bad[name] += 1
        chosen.append(by_name[name])
    return chosen
