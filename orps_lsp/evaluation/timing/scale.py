"""Larger inputs, where those of the tests are too small to show what a version costs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from orps_lsp.evaluation.client import Child, Worker
from orps_lsp.evaluation.hosts import Job, host

SMALL_NS = 20_000  # a call below that is mostly the cost of any call
ENOUGH_NS = 1_000_000
TOO_MUCH_NS = 20_000_000
MIN_GROWTH = 2.0  # of the time: with less, size does not matter to the function
# Where growth would have shown, for all that reading the clocks adds to a call below a microsecond.
FLAT_FACTOR = 1024
MAX_FACTOR = 4096
CALLS = 5
STEP_SECONDS = 1.0  # for all calls at one factor


@dataclass(frozen=True, slots=True)
class Grown:
    """Pickled calls ``factor`` times as large as the tests', and what the original takes, in ns."""

    inputs: tuple[bytes, ...]
    costs: tuple[int, ...]
    factor: int

    @property
    def cost(self) -> int:
        return max(self.costs)


async def find(worker: Worker, job: Job, calls: Mapping[int, int]) -> Grown | None:
    """Grow the dearest of the calls, given with their cost in ns, until one takes a millisecond.

    None where they are not small, cannot grow, or take no longer then. Numbers, which may be sizes
    or not, are left alone at first.

    Raises:
        HostFailed: the original does not load by itself.
    """
    dearest = sorted(calls, key=lambda index: (-calls[index], index))[:CALLS]
    if not dearest or calls[dearest[0]] >= SMALL_NS:
        return None
    small = max(calls[dearest[0]], 1)
    best: Grown | None = None
    for integers in (False, True):
        async with host(worker, job) as child:
            grown = await _climb(child, dearest, small, integers)
        if grown and (best is None or grown.cost > best.cost):
            best = grown
        if best and best.cost >= ENOUGH_NS:
            break
    return best if best and best.cost >= max(SMALL_NS, MIN_GROWTH * small) else None


async def _climb(child: Child, indices: list[int], small: int, integers: bool) -> Grown | None:
    """Double the factor until it is enough; the last that was bearable counts."""
    found: Grown | None = None
    factor = 2
    while factor <= MAX_FACTOR:
        grown = await _grow(child, indices, factor, integers)
        if grown is None or grown.cost > TOO_MUCH_NS:
            break
        found = grown
        if grown.cost >= ENOUGH_NS:
            break
        if factor >= FLAT_FACTOR and grown.cost < MIN_GROWTH * small:
            break
        factor *= 2
    return found


async def _grow(child: Child, indices: list[int], factor: int, integers: bool) -> Grown | None:
    """Return the calls of one size that the original returns from; None if there are none."""
    child.request(STEP_SECONDS, do="grow", indices=indices, factor=factor, integers=integers)
    grown = (await child.answer()).get("grown", ())
    if not grown:
        return None
    return Grown(
        inputs=tuple(base64.b64decode(call["input"]) for call in grown),
        costs=tuple(max(call["ns"], 1) for call in grown),
        factor=factor,
    )
