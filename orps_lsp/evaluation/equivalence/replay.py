"""Run a candidate on the oracle's inputs and compare what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from orps_lsp.evaluation.client import Worker, reading
from orps_lsp.evaluation.equivalence import outcomes
from orps_lsp.evaluation.equivalence.oracle import Oracle
from orps_lsp.evaluation.equivalence.outcomes import Outcome
from orps_lsp.evaluation.hosts import Job, host
from orps_lsp.evaluation.protocol import Evidence

CALL_SECONDS = 5.0
SLOWDOWN = 10.0  # how much longer than the original a candidate's replay may take


async def check(worker: Worker, job: Job, oracle: Oracle) -> Evidence:
    """Run a candidate on the oracle's inputs and compare; stops at the first hang or crash.

    Raises:
        HostFailed: the candidate does not load by itself.
    """
    indices = list(oracle.outcomes)
    if not indices:
        return Evidence(unchecked=oracle.unchecked)
    found: dict[int, Outcome] = {}
    keeps: Mapping[str, Sequence[int]] = {}
    budget = max(10.0, SLOWDOWN * oracle.seconds)
    clock = asyncio.get_running_loop().time
    async with host(worker, job) as child:
        last = clock()
        child.request(
            budget,
            do="outcomes",
            indices=indices,
            limit=CALL_SECONDS,
            budget=budget,
            closely=list(oracle.closely),
            floats=oracle.tolerance > 0,
        )
        async for event in child.events():
            with reading():
                keeps = {str(name): tuple(n) for name, n in event.get("keeps", keeps).items()}
                outcome = Outcome.from_event(event) if "outcome" in event else None
                if outcome is not None:
                    last = clock()
                    found[int(event["outcome"])] = outcome
            if outcome is not None and outcome.kind == "timeout":
                break
        if child.end is not None and len(found) < len(indices):
            unfinished = indices[len(found)]
            if child.end.reason != "wall":
                found[unfinished] = Outcome("crashed", "", "", "")
            elif clock() - last > CALL_SECONDS:  # it hangs where no signal reaches it
                value = f"no result in {CALL_SECONDS:g} s"
                found[unfinished] = Outcome("timeout", "", "", value)
    return outcomes.compare(
        oracle.outcomes,
        found,
        oracle.recorded,
        oracle.unchecked,
        scaled=oracle.scaled,
        tolerance=oracle.tolerance,
        keeps=list(_kept(keeps, oracle)),
    )


def _kept(keeps: Mapping[str, Sequence[int]], oracle: Oracle) -> Iterator[str]:
    """Say what a candidate keeps from call to call."""
    for name, (before, after) in keeps.items():
        if name not in oracle.keeps:
            yield (
                f"It keeps data between calls, which the original does not: {name!r} grew from "
                f"{before} to {after} items."
            )
