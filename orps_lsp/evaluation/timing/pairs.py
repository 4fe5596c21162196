"""Time original and candidate side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orps_lsp.evaluation.client import Child, Worker
from orps_lsp.evaluation.hosts import LOAD_SECONDS, Job, host
from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import statistics

MEASURE_SECONDS = 4.0
TOO_SLOW = 20.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What the original costs: ``call_seconds`` of CPU time for one pass over its recorded calls.

    ``peak_bytes`` is the tracemalloc peak of such a pass; ``work`` what a sample measures.
    """

    work: statistics.Work | None = None
    call_seconds: float | None = None
    peak_bytes: int | None = None


async def costs(worker: Worker, job: Job, indices: Sequence[int]) -> Costs:
    """Measure the original on the calls ``indices``, all of which return.

    Raises:
        HostFailed: it does not load by itself.
    """
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="profile", indices=list(indices))
        found = (await child.answer()).get("ns")
    if not found:
        return Costs()
    return Costs(
        work=statistics.choose_work(dict(zip(indices, found, strict=True))),
        call_seconds=sum(found) / 1e9,
        peak_bytes=await peak_memory(worker, job, indices),
    )


async def peak_memory(worker: Worker, job: Job, indices: Sequence[int]) -> int | None:
    """Return the tracemalloc peak of one pass over the calls, in bytes; None if it failed."""
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="memory", indices=list(indices))
        peak: int | None = (await child.answer()).get("peak")
        return peak


async def time_pairs(
    worker: Worker, original: Job, candidate: Job, work: statistics.Work
) -> Speedup | str:
    """Time both versions side by side, each in its own process; or say why that failed.

    Raises:
        HostFailed: a version does not load by itself.
    """
    ratios: list[float] = []
    clock = asyncio.get_running_loop().time
    end = clock() + MEASURE_SECONDS
    wall = 5.0 + TOO_SLOW * 2 * work.expected_ns / 1e9
    async with host(worker, original) as first, host(worker, candidate) as second:
        for pair in range(statistics.MAX_PAIRS + 1):
            order = (first, second) if pair % 2 else (second, first)
            samples = {child: await _sample(child, work, wall) for child in order}
            before, after = samples[first], samples[second]
            if before is None or after is None:
                return "Its speed could not be measured: a call did not end in time."
            if pair == 0:  # caches are cold
                if after > TOO_SLOW * max(before, 1):
                    return f"It is more than {TOO_SLOW:g} times slower than the original."
                continue
            ratios.append(before / max(after, 1))
            over = clock() > end and len(ratios) >= statistics.MIN_INTERVAL
            if over or statistics.enough(ratios):
                break
    return statistics.speedup(ratios) or "Its speed could not be measured."


async def _sample(child: Child, work: statistics.Work, wall: float) -> int | None:
    child.request(wall, do="time", indices=list(work.indices), repeats=work.repeats)
    sample: int | None = (await child.answer()).get("ns")
    return sample
