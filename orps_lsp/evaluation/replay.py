"""Drive hosts: record what the original does on inputs, compare and time candidates with it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from orps_lsp.evaluation import measure, verify
from orps_lsp.evaluation.client import Child, Worker
from orps_lsp.evaluation.protocol import Evidence, Speedup
from orps_lsp.evaluation.verify import Outcome

MAX_RECORDED = 300
MAX_GENERATED = 300
MAX_INPUT_BYTES = 16 * 1024 * 1024
SEED = 0

LOAD_SECONDS = 30.0
CALL_SECONDS = 1.0  # a call of the original that takes longer is not replayed
CANDIDATE_CALL_SECONDS = 5.0
REPLAY_SECONDS = 1.5  # for one run of the original over all inputs
CANDIDATE_FACTOR = 10.0  # how much longer than the original a candidate's replay may take
MUTATE_SECONDS = 1.0
MEASURE_SECONDS = 4.0
TOO_SLOW = 20.0

Jobs = Mapping[str, Any]


class HostFailed(Exception):
    """A version's module does not load by itself, or its function cannot be got hold of."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """How the original behaves on the inputs that were given to the worker.

    ``outcomes`` holds those that are repeatable; ``recorded`` are the indices that come from tests,
    the other ones were generated. ``seconds`` is how long one run over them took.
    """

    inputs: tuple[bytes, ...] = ()
    recorded: tuple[int, ...] = ()
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    seconds: float = 0.0
    work: measure.Work | None = None
    call_seconds: float | None = None
    peak_bytes: int | None = None
    unchecked: tuple[str, ...] = ()

    @property
    def replayable(self) -> int:
        return sum(index in self.outcomes for index in self.recorded)

    @property
    def returning(self) -> tuple[int, ...]:
        """The recorded calls that return: those can be timed."""
        outcomes = self.outcomes
        return tuple(i for i in self.recorded if i in outcomes and outcomes[i].kind == "return")


def select(tests: Sequence[Sequence[int]], calls: Mapping[int, bytes]) -> list[bytes]:
    """Choose recorded calls so that each test has its share, within count and size."""
    chosen: dict[int, bytes] = {}
    size = 0
    longest = max((len(numbers) for numbers in tests), default=0)
    for position in range(longest):
        for numbers in tests:
            if position >= len(numbers) or numbers[position] in chosen:
                continue
            data = calls.get(numbers[position])
            if data is None or size + len(data) > MAX_INPUT_BYTES:
                continue
            if len(chosen) >= MAX_RECORDED:
                return list(chosen.values())
            chosen[numbers[position]] = data
            size += len(data)
    return list(chosen.values())


@asynccontextmanager
async def host(worker: Worker, job: Jobs) -> AsyncIterator[Child]:
    """Load one version in a process of its own.

    Raises:
        HostFailed: it cannot be loaded, with the reason.
    """
    async with worker.child(job, LOAD_SECONDS) as child:
        ready = await child.answer()
        if not ready.get("ready"):
            raise HostFailed(ready.get("message") or ready.get("broke") or "its process ended")
        yield child


async def consult(worker: Worker, job: Jobs, recorded: Sequence[bytes], generate: bool) -> Oracle:
    """Run the original on recorded and, if ``generate``, on mutated inputs.

    Each input runs twice, in different processes and in opposite order: a function that depends on
    chance, time or earlier calls is found, and not compared at all. A generated input counts only
    if the original returns on it; a recorded one also if it raises, for that is its behaviour.

    Raises:
        HostFailed: the original cannot be called outside of its tests.
    """
    inputs = list(recorded)
    worker.set_inputs(inputs)
    if generate:
        async with host(worker, job) as child:
            inputs += await _mutate(child, len(inputs))
        worker.set_inputs(inputs)
    indices = list(range(len(inputs)))
    clock = asyncio.get_running_loop().time
    async with host(worker, job) as child:
        start = clock()
        first = await _outcomes(child, indices, CALL_SECONDS, REPLAY_SECONDS)
        seconds = clock() - start
    usable = [
        index
        for index, outcome in first.items()
        if outcome.kind == "return" or (outcome.kind == "raise" and index < len(recorded))
    ]
    async with host(worker, job) as child:
        second = await _outcomes(child, usable[::-1], CALL_SECONDS, 2 * REPLAY_SECONDS)
    if verify.is_erratic(first, second):
        sentence = "It gives different results for equal inputs, so only the tests check it."
        return Oracle(recorded=tuple(range(len(recorded))), unchecked=(sentence,))
    stable = verify.repeatable({index: first[index] for index in usable}, second)
    oracle = Oracle(
        inputs=tuple(inputs),
        recorded=tuple(range(len(recorded))),
        outcomes=stable,
        seconds=seconds,
        unchecked=tuple(_not_checked(range(len(recorded)), first, stable)),
    )
    return await _with_costs(worker, job, oracle)


async def _mutate(child: Child, recorded: int) -> list[bytes]:
    child.request(
        MUTATE_SECONDS + 5,
        do="mutate",
        indices=list(range(recorded)),
        count=MAX_GENERATED,
        seed=SEED,
        seconds=MUTATE_SECONDS,
    )
    answer = await child.answer()
    return [base64.b64decode(item) for item in answer.get("inputs", ())]


async def _outcomes(
    child: Child, indices: Sequence[int], limit: float, budget: float
) -> dict[int, Outcome]:
    """Run the calls in this order, as far as the time allows. A crash ends it."""
    found: dict[int, Outcome] = {}
    clock = asyncio.get_running_loop().time
    end = clock() + budget
    child.request(budget + limit + 5, do="outcomes", indices=list(indices), limit=limit)
    async for event in child.events():
        if "outcome" in event:
            found[event["outcome"]] = Outcome.from_event(event)
            if clock() > end:
                break
    return found


def _not_checked(
    recorded: Iterable[int], first: Mapping[int, Outcome], stable: Mapping[int, Outcome]
) -> Iterable[str]:
    """Say which recorded calls prove nothing, by reason."""
    reasons = {
        "timeout": f"took longer than {CALL_SECONDS:g} s",
        "limit": "ran out of memory or stack",
        "uncomparable": "gave results that cannot be compared",
        "unloadable": "have arguments that cannot be restored",
        "late": "did not fit into the time for replays",
    }
    counts = dict.fromkeys(reasons, 0)
    for index in recorded:
        if index in stable:
            continue
        kind = first[index].kind if index in first else "late"
        counts[kind if kind in reasons else "late"] += 1
    for kind, count in counts.items():
        if count:
            calls = "One recorded call" if count == 1 else f"{count} recorded calls"
            yield f"{calls} {reasons[kind]}."


async def _with_costs(worker: Worker, job: Jobs, oracle: Oracle) -> Oracle:
    """Add CPU time and memory of the calls that return."""
    returning = oracle.returning
    if not returning:
        return oracle
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="profile", indices=returning)
        costs = (await child.answer()).get("ns")
        if not costs:
            return oracle
        work = measure.choose_work(dict(zip(returning, costs, strict=True)))
    return replace(
        oracle,
        work=work,
        call_seconds=sum(costs) / 1e9,
        peak_bytes=await peak_memory(worker, job, returning),
    )


async def peak_memory(worker: Worker, job: Jobs, indices: Sequence[int]) -> int | None:
    """Return the tracemalloc peak of one pass over the calls, in bytes; None if it failed."""
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="memory", indices=list(indices))
        peak: int | None = (await child.answer()).get("peak")
        return peak


async def check(worker: Worker, job: Jobs, oracle: Oracle) -> Evidence:
    """Run a candidate on the oracle's inputs and compare; stops at the first hang or crash.

    Raises:
        HostFailed: the candidate does not load by itself.
    """
    indices = list(oracle.outcomes)
    if not indices:
        return Evidence(unchecked=oracle.unchecked)
    found: dict[int, Outcome] = {}
    budget = max(10.0, CANDIDATE_FACTOR * oracle.seconds)
    clock = asyncio.get_running_loop().time
    async with host(worker, job) as child:
        last = clock()
        child.request(budget, do="outcomes", indices=indices, limit=CANDIDATE_CALL_SECONDS)
        async for event in child.events():
            if "outcome" in event:
                last = clock()
                outcome = found[event["outcome"]] = Outcome.from_event(event)
                if outcome.kind == "timeout":
                    break
        if child.end is not None and len(found) < len(indices):
            unfinished = indices[len(found)]
            if child.end.reason != "wall":
                found[unfinished] = Outcome("crashed", "", "", "")
            elif clock() - last > CANDIDATE_CALL_SECONDS:  # it hangs where no signal reaches it
                value = f"no result in {CANDIDATE_CALL_SECONDS:g} s"
                found[unfinished] = Outcome("timeout", "", "", value)
    return verify.compare(oracle.outcomes, found, oracle.recorded, oracle.unchecked)


async def time_pairs(
    worker: Worker, original: Jobs, candidate: Jobs, work: measure.Work
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
        for pair in range(measure.MAX_PAIRS + 1):
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
            over = clock() > end and len(ratios) >= measure.MIN_INTERVAL
            if over or measure.enough(ratios):
                break
    return measure.speedup(ratios) or "Its speed could not be measured."


async def _sample(child: Child, work: measure.Work, wall: float) -> int | None:
    child.request(wall, do="time", indices=list(work.indices), repeats=work.repeats)
    sample: int | None = (await child.answer()).get("ns")
    return sample
