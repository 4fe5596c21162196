"""Statistics of paired timings. Pure: what to measure, when to stop, what may be claimed.

A ratio is the original's CPU time over the candidate's in one pair of neighbouring samples, so
that what slows the machine down slows both. No distribution is assumed: the interval of the median
comes from order statistics (a binomial count of how many ratios lie below the true median).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orps_lsp.evaluation.protocol import Speedup

CONFIDENCE = 0.95
MIN_INTERVAL = 6  # fewer pairs have no 95 % interval of the median
MIN_PAIRS = 7
MAX_PAIRS = 25
FUTILE_PAIRS = 11
SIGN_LEVEL = 0.02

MIN_SAMPLE_NS = 20_000_000
MAX_SAMPLE_NS = 50_000_000
MAX_CALL_NS = 500_000_000  # one that takes longer leaves no time for enough pairs
MAX_CALLS = 300
MAX_PREPARED = 20_000  # calls of one sample, repeats included; their arguments are all in memory


@dataclass(frozen=True, slots=True)
class Work:
    """One sample: each of the calls ``indices``, ``repeats`` times."""

    indices: tuple[int, ...]
    repeats: int
    expected_ns: int


def choose_work(costs: Mapping[int, int]) -> Work | None:
    """Choose what one sample does, from the original's CPU time of each recorded call in ns.

    The most expensive call that can be repeated often enough is always in it: that is where the
    time goes, and only there a better algorithm shows. Others join up to 50 ms. Where all are too
    expensive, the cheapest alone is taken; where all are cheap, they are repeated.
    """
    if not costs:
        return None
    chosen: list[int] = []
    total = 0
    for index in sorted(costs, key=lambda index: (-costs[index], index)):
        limit = MAX_SAMPLE_NS if chosen else MAX_CALL_NS
        if len(chosen) < MAX_CALLS and total + costs[index] <= limit:
            chosen.append(index)
            total += costs[index]
    if not chosen:
        cheapest = min(costs, key=lambda index: (costs[index], index))
        chosen, total = [cheapest], costs[cheapest]
    wanted = math.ceil(MIN_SAMPLE_NS / max(total, 1))
    repeats = max(1, min(wanted, MAX_PREPARED // len(chosen)))
    return Work(tuple(sorted(chosen)), repeats, total * repeats)


def median_interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Return the median and a distribution-free 95 % interval of it.

    Raises:
        ValueError: there are fewer than 6 ratios.
    """
    count = len(ratios)
    if count < MIN_INTERVAL:
        raise ValueError(f"{count} ratios have no {CONFIDENCE:.0%} interval of the median")
    ordered = sorted(ratios)
    # The widest rank k for which (k-th smallest, k-th largest) still covers the median.
    rank = 0
    tail = 0.0
    while True:
        tail += math.comb(count, rank) / 2**count
        if 2 * tail > 1 - CONFIDENCE:
            break
        rank += 1
    return statistics.median(ordered), ordered[rank - 1], ordered[count - rank]


def sign_probability(ratios: Sequence[float]) -> float:
    """Return how probable so one-sided a split of ratios around 1 is for equal versions."""
    above = sum(ratio > 1 for ratio in ratios)
    below = sum(ratio < 1 for ratio in ratios)
    count = above + below
    splits = sum(math.comb(count, k) for k in range(min(above, below) + 1))
    tail = splits / float(2**count)
    return min(1.0, 2.0 * tail)


def enough(ratios: Sequence[float]) -> bool:
    """Say whether more pairs would change nothing: the winner is known, or there is none."""
    count = len(ratios)
    if count < MIN_PAIRS:
        return False
    if count >= MAX_PAIRS or sign_probability(ratios) <= SIGN_LEVEL:
        return True
    _, low, high = median_interval(ratios)
    gain = Speedup.MINIMUM_GAIN
    return count >= FUTILE_PAIRS and 1 / gain < low and high < gain


def speedup(ratios: Sequence[float]) -> Speedup | None:
    """Sum up the pairs; None where they are too few."""
    if len(ratios) < MIN_INTERVAL:
        return None
    median, low, high = median_interval(ratios)
    return Speedup(median=median, low=low, high=high, pairs=len(ratios))
