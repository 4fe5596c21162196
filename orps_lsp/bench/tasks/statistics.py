"""Figures of runs with what chance leaves open: bootstrap intervals over tasks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from orps_lsp.bench.tasks.records import Record

RESAMPLES = 10_000
CONFIDENCE = 0.95
_SEED = 0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; None where no task says anything of it."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """The measures of arXiv 2412.15118, section 4, of one run.

    A task without a pick counts as failed everywhere. ``time`` is the geometric mean of the
    solution's time over the reference's, on the hidden tests, over the tasks that were solved.
    """

    pass_at_1: Estimate
    tests: Estimate
    valid: Estimate
    time: Estimate


def metrics(records: Sequence[Record]) -> Metrics:
    """Return the figures of a run."""
    times = [record.time for record in records if record.correct and record.time]
    return Metrics(
        pass_at_1=mean([float(record.correct) for record in records]),
        tests=mean([record.passed / record.total for record in records]),
        valid=mean([float(record.valid) for record in records]),
        time=geometric_mean(times),
    )


def mean(values: Sequence[float]) -> Estimate:
    return _bootstrapped(np.array(values, float), lambda drawn: drawn.mean(axis=-1))


def geometric_mean(values: Sequence[float]) -> Estimate:
    return _bootstrapped(np.log(np.array(values, float)), lambda d: np.exp(d.mean(axis=-1)))


@dataclass(frozen=True, slots=True)
class Paired:
    """One run beside another, on the tasks that both have.

    ``difference`` is that of Pass@1, ``ratio`` the quotient. ``wins`` and ``losses`` count tasks
    that only one of them solved, ``p`` is the exact sign test (McNemar) on these. ``time`` is the
    geometric mean of this run's time over the other's, where both are correct (``both`` tasks).
    """

    tasks: int
    difference: Estimate
    ratio: Estimate
    tests: Estimate
    wins: int
    losses: int
    p: float
    time: Estimate
    both: int


def paired(these: Mapping[str, Record], others: Mapping[str, Record]) -> Paired:
    """Compare two runs task by task; runs over several seeds may give each task a name per seed."""
    names = sorted(these.keys() & others.keys())
    pairs = [(these[name], others[name]) for name in names]
    right = np.array([[a.correct, b.correct] for a, b in pairs], float).reshape(-1, 2)
    share = np.array([[a.passed / a.total, b.passed / b.total] for a, b in pairs], float)
    times = [a.time / b.time for a, b in pairs if a.correct and b.correct and a.time and b.time]
    wins = sum(a.correct and not b.correct for a, b in pairs)
    losses = sum(b.correct and not a.correct for a, b in pairs)
    return Paired(
        tasks=len(pairs),
        difference=_bootstrapped(right, lambda d: (d[..., 0] - d[..., 1]).mean(axis=-1)),
        ratio=_bootstrapped(right, _quotient),
        tests=_bootstrapped(share.reshape(-1, 2), lambda d: (d[..., 0] - d[..., 1]).mean(axis=-1)),
        wins=wins,
        losses=losses,
        p=_sign_test(wins, losses),
        time=geometric_mean(times),
        both=len(times),
    )


def _quotient(drawn: Array) -> Array:
    sums = drawn.sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Array = sums[..., 0] / sums[..., 1]
    return quotient


def _bootstrapped(values: Array, statistic: Callable[[Array], Array]) -> Estimate:
    """The statistic over the first axis of ``values``, and its percentile interval."""
    if not len(values):
        return Estimate(None)
    chance = np.random.default_rng(_SEED)
    drawn = values[chance.integers(0, len(values), (RESAMPLES, len(values)))]
    found = statistic(drawn)
    found = found[np.isfinite(found)]
    value = float(statistic(values))
    if not np.isfinite(value) or not len(found):
        return Estimate(None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def _sign_test(wins: int, losses: int) -> float:
    """Two-sided probability of a split at least as uneven, were both as good."""
    total = wins + losses
    tail = sum(comb(total, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2.0 * tail / 2.0**total)
