"""Statistics of paired timings. Pure: when to stop, and what may be claimed.

A ratio is the original's time over the candidate's in two neighbouring samples, so that what slows
the machine down slows both. A round is a few pairs in two fresh processes; it counts with their
median. Where a process has its code and data in memory shifts all of its samples alike, by up to
2 %, so the pairs of a round are no independent evidence, but rounds are (Kalibera and Jones,
"Rigorous Benchmarking in Reasonable Time", 2013).

The interval is that of the 20 % trimmed mean over the logarithms of rounds (Tukey and McLaughlin,
1963): a round that something disturbed neither moves nor widens it much. It is looked at after a
few fixed numbers of rounds, and its error is divided among these looks (Bonferroni). So it holds
at all of them together, whichever of them ends the sampling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, variance

from orps_lsp.evaluation.protocol import Speedup

LOOKS = (4, 6, 10, 18, 30, 45)  # numbers of rounds
MIN_ROUNDS, MAX_ROUNDS = LOOKS[0], LOOKS[-1]
ERROR = 0.01  # of the intervals at all looks together, both sides
TRIMMED = 0.2  # of the rounds, at each end
NOT_SLOWER = 1 / Speedup.MINIMUM_GAIN


@dataclass(frozen=True, slots=True)
class Interval:
    """A ratio of times and the bounds that hold it, all looks together, with 99 %."""

    centre: float
    low: float
    high: float


def interval(rounds: Sequence[float], error: float = ERROR / len(LOOKS)) -> Interval:
    """Return the trimmed mean of the rounds' ratios and its interval, in ratios.

    Raises:
        ValueError: there are fewer than 4 rounds.
    """
    count = len(rounds)
    if count < MIN_ROUNDS:
        raise ValueError(f"{count} rounds have no interval")
    logs = sorted(math.log(ratio) for ratio in rounds)
    cut = int(count * TRIMMED)
    kept = logs[cut : count - cut]
    winsorised = [kept[0]] * cut + kept + [kept[-1]] * cut
    deviation = math.sqrt(variance(winsorised) / count) / (1 - 2 * cut / count)
    width = student(len(kept) - 1, 1 - error / 2) * deviation
    centre = fmean(kept)
    return Interval(*(math.exp(log) for log in (centre, centre - width, centre + width)))


def enough(rounds: Sequence[float]) -> bool:
    """Say whether sampling ends here: the winner is known, or there is none."""
    count = len(rounds)
    if count >= MAX_ROUNDS:
        return True
    if count not in LOOKS:
        return False
    sure = interval(rounds)
    if Speedup.is_gain(sure.centre, sure.low) or sure.high < NOT_SLOWER:
        return True
    # To give up claims nothing, so it need not be as sure.
    likely = interval(rounds, error=0.05)
    return likely.low > NOT_SLOWER and likely.high < Speedup.MINIMUM_GAIN


@cache
def student(freedom: int, probability: float) -> float:
    """Return the quantile of Student's t distribution, for a probability above one half.

    By bisection of its distribution function (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    """
    low, high = 0.0, NormalDist().inv_cdf(probability)
    while _student_below(freedom, high) < probability:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _student_below(freedom, middle) < probability:
            low = middle
        else:
            high = middle
    return high


def _student_below(freedom: int, t: float) -> float:
    """Return P(T <= t) for t >= 0."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term = total = 0.0 if freedom == 1 else cosine if odd else 1.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    within = math.sin(angle) * total
    return 0.5 + (angle + within) / math.pi if odd else 0.5 + within / 2
