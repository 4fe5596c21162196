"""All that is measured of a candidate: its time and its memory beside the original's."""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.evaluation.client import Worker
from orps_lsp.evaluation.hosts import HostFailed, Job
from orps_lsp.evaluation.limits import Effort
from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import pairs, statistics
from orps_lsp.evaluation.timing.costs import Costs, peak_memory
from orps_lsp.evaluation.timing.rounds import TOO_SLOW, TooSlow, Unmeasurable
from orps_lsp.evaluation.timing.work import Work

SMALL_INPUTS = "On inputs as small as those of the tests it is"
MENTIONED_LOSS = 1.1  # of speed on the tests' own inputs, where larger ones were measured


@dataclass(frozen=True, slots=True)
class Measured:
    """What a candidate costs. None is what could not be measured; ``notes`` are sentences."""

    speedup: Speedup | None = None
    memory_ratio: float | None = None
    notes: tuple[str, ...] = ()


async def measure(
    worker: Worker, original: Job, candidate: Job, costs: Costs, work: Work, effort: Effort
) -> Measured:
    """Measure a candidate that does what the original does."""
    try:
        speedup, note = await pairs.time_pairs(worker, original, candidate, work, effort)
        notes = [note] if note else []
        if costs.own and speedup.claimed:
            notes += await _on_own_inputs(worker, original, candidate, costs.own)
        peak = await peak_memory(worker, candidate, list(costs.calls))
    except Unmeasurable as error:
        return Measured(notes=(str(error),))
    except HostFailed as error:
        return Measured(notes=(f"Its speed could not be measured: {error}.",))
    ratio = peak / costs.peak_bytes if peak and costs.peak_bytes else None
    return Measured(speedup, ratio, tuple(notes))


async def _on_own_inputs(worker: Worker, original: Job, candidate: Job, work: Work) -> list[str]:
    """Say so where a version that is faster on larger inputs is slower on those of the tests."""
    try:
        speedup, _ = await pairs.time_pairs(worker, original, candidate, work)
    except TooSlow:
        return [f"{SMALL_INPUTS} more than {TOO_SLOW:g} times slower."]
    if speedup.high >= statistics.NOT_SLOWER or speedup.median > 1 / MENTIONED_LOSS:
        return []
    return [f"{SMALL_INPUTS} {1 / speedup.median:.2g} times slower."]
