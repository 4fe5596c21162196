"""What the original does on inputs: those of the tests, and others made from them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orps_lsp.evaluation.client import Child
from orps_lsp.evaluation.equivalence import outcomes
from orps_lsp.evaluation.equivalence.outcomes import Outcome
from orps_lsp.evaluation.hosts import Job, host
from orps_lsp.evaluation.session import Session

MAX_RECORDED = 300
MAX_GENERATED = 300
MAX_INPUT_BYTES = 16 * 1024 * 1024
SEED = 0

CALL_SECONDS = 1.0  # a call of the original that takes longer is not replayed
REPLAY_SECONDS = 1.5  # for one run of the original over all inputs
MUTATE_SECONDS = 1.0


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


async def consult(session: Session, job: Job, recorded: Sequence[bytes], generate: bool) -> Oracle:
    """Run the original on recorded and, if ``generate``, on mutated inputs.

    Each input runs twice, in different processes and in opposite order: a function that depends on
    chance, time or earlier calls is found, and not compared at all. A generated input counts only
    if the original returns on it; a recorded one also if it raises, for that is its behaviour.

    Raises:
        HostFailed: the original cannot be called outside of its tests.
    """
    inputs = list(recorded)
    await session.set_inputs(inputs)
    worker = await session.worker()
    if generate:
        async with host(worker, job) as child:
            inputs += await _mutate(child, len(inputs))
        await session.set_inputs(inputs)
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
    if outcomes.is_erratic(first, second):
        sentence = "It gives different results for equal inputs, so only the tests check it."
        return Oracle(recorded=tuple(range(len(recorded))), unchecked=(sentence,))
    stable = outcomes.repeatable({index: first[index] for index in usable}, second)
    return Oracle(
        inputs=tuple(inputs),
        recorded=tuple(range(len(recorded))),
        outcomes=stable,
        seconds=seconds,
        unchecked=tuple(_not_checked(range(len(recorded)), first, stable)),
    )


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
