"""What one sample measures. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

MIN_SAMPLE_NS = 10_000_000
MAX_SAMPLE_NS = 50_000_000
MAX_CALL_NS = 250_000_000  # one that takes longer leaves no time for enough pairs
MAX_CALLS = 300
MAX_PREPARED = 20_000  # calls of one sample, repeats included; their arguments are all in memory

PAIRS = 3  # of one round
FIRST = 5  # of so many calls one is made before the others


@dataclass(frozen=True, slots=True)
class Work:
    """One sample: each of the calls ``indices``, ``repeats`` times, about ``expected_ns`` in all.

    ``once`` are different calls that a process makes before, each a single time: what they take is
    not helped by results that a version remembers. Still others, ``first``, come before those: the
    first calls of a process import, compile and build what lasts. ``scale`` see Speedup.
    """

    indices: tuple[int, ...]
    repeats: int
    expected_ns: int
    first: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    scale: float = 1.0

    @property
    def is_long(self) -> bool:
        """Whether a sample is so long that it is steady by itself, and no time left for more."""
        return self.expected_ns > MAX_SAMPLE_NS

    @property
    def pairs(self) -> int:
        """How many pairs a round has."""
        return 1 if self.is_long else PAIRS


def choose(costs: Mapping[int, int], others: Mapping[int, int], scale: float = 1.0) -> Work | None:
    """Choose what one sample does, from the original's time of each call in ns.

    The most expensive call that can be repeated often enough is always in it: that is where the
    time goes, and only there a better algorithm shows. More join up to 50 ms. Where all are too
    expensive, the cheapest alone is taken; where all are cheap, they are repeated. ``others`` are
    calls that are not measured, but fit to be made once.
    """
    if not costs:
        return None
    chosen: list[int] = []
    total = 0
    for index in _dearest_first(costs):
        limit = MAX_SAMPLE_NS if chosen else MAX_CALL_NS
        if len(chosen) < MAX_CALLS and total + costs[index] <= limit:
            chosen.append(index)
            total += costs[index]
    if not chosen:
        cheapest = min(costs, key=lambda index: (costs[index], index))
        chosen, total = [cheapest], costs[cheapest]
    wanted = math.ceil(MIN_SAMPLE_NS / max(total, 1))
    repeats = max(1, min(wanted, MAX_PREPARED // len(chosen)))
    work = Work(tuple(sorted(chosen)), repeats, total * repeats, scale=scale)
    if work.is_long:
        return work
    pool = chosen + _fitting(chosen, {**others, **costs}, total)
    first = pool[1::FIRST]
    once = [index for index in pool if index not in first]
    return replace(work, first=tuple(first), once=tuple(once) if first else ())


def _fitting(chosen: Collection[int], costs: Mapping[int, int], total: int) -> list[int]:
    """Return the dearest calls that fit into a sample's time beside the chosen ones."""
    calls = []
    for index in _dearest_first(costs):
        if index not in chosen and total + costs[index] <= MIN_SAMPLE_NS:
            calls.append(index)
            total += costs[index]
    return calls


def _dearest_first(costs: Mapping[int, int]) -> list[int]:
    return sorted(costs, key=lambda index: (-costs[index], index))
