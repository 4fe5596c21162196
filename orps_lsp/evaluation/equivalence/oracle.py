"""What the original does on inputs: those of the tests, and others made from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orps_lsp.evaluation.client import Child
from orps_lsp.evaluation.equivalence import invention, outcomes
from orps_lsp.evaluation.equivalence.outcomes import Outcome
from orps_lsp.evaluation.hosts import Job, host
from orps_lsp.evaluation.session import Session

MAX_RECORDED = 300
MAX_CLOSELY = 20  # recorded calls that are made twice, and with iterators
MAX_MEASURED = 100  # invented calls, where no test calls the function
MAX_INPUT_BYTES = 16 * 1024 * 1024

CALL_SECONDS = 1.0  # a call of the original that takes longer is not replayed
INVENTED_SECONDS = 0.1  # the same, for an input that no test has
REPLAY_SECONDS = 1.5  # for one run of the original over all inputs of a kind
LARGE_SECONDS = 0.3
GRACE_SECONDS = 1.0  # where the process itself does not end a call


@dataclass(frozen=True, slots=True)
class Oracle:
    """How the original behaves on the inputs that were given to the worker.

    ``outcomes`` holds those that are repeatable; ``recorded`` are the indices that come from tests,
    ``scaled`` those that were made larger, the others were invented. ``seconds`` is how long one
    run over them took. ``keeps`` names what grows from call to call. ``tolerance`` is the relative
    difference that floats may have.
    """

    inputs: tuple[bytes, ...] = ()
    recorded: tuple[int, ...] = ()
    scaled: tuple[int, ...] = ()
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    seconds: float = 0.0
    keeps: frozenset[str] = frozenset()
    tolerance: float = 0.0
    is_erratic: bool = False
    unchecked: tuple[str, ...] = ()

    @property
    def replayable(self) -> int:
        return sum(index in self.outcomes for index in self.recorded)

    @property
    def returning(self) -> tuple[int, ...]:
        """The recorded calls that return."""
        return tuple(index for index in self.recorded if self._returns(index))

    @property
    def invented(self) -> tuple[int, ...]:
        """The other calls that return, but for those that were made larger."""
        others = self.outcomes.keys() - {*self.recorded, *self.scaled}
        return tuple(index for index in sorted(others) if self._returns(index))

    @property
    def measurable(self) -> tuple[int, ...]:
        """The calls that can be timed: the tests', or invented ones where there is no test's."""
        return self.returning if self.recorded else self.invented[:MAX_MEASURED]

    @property
    def closely(self) -> tuple[int, ...]:
        """The calls at which a second call and laziness are looked at."""
        return self.recorded[:MAX_CLOSELY]

    def _returns(self, index: int) -> bool:
        outcome = self.outcomes.get(index)
        return outcome is not None and outcome.kind == "return"


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


async def consult(
    session: Session,
    job: Job,
    recorded: Sequence[bytes],
    generate: bool,
    tolerance: float = 0.0,
) -> Oracle:
    """Run the original on recorded and, if ``generate``, on invented inputs.

    Each input runs twice, in different processes and in opposite order: a function that depends on
    chance, time or earlier calls is found, and not compared at all. Without recorded calls, inputs
    are made from the function's annotations.

    Raises:
        HostFailed: the original cannot be called outside of its tests.
    """
    effort = session.limits.effort
    await session.set_inputs(recorded)
    invented: list[bytes] = []
    large: list[bytes] = []
    if generate:
        worker = await session.worker()
        invented, large = await invention.invent(worker, job, len(recorded), effort)
    empty = Oracle(recorded=tuple(range(len(recorded))), tolerance=tolerance)
    batches = [
        Batch(recorded, CALL_SECONDS, REPLAY_SECONDS),
        Batch(invented, INVENTED_SECONDS, REPLAY_SECONDS * effort.inputs),
        Batch(large, INVENTED_SECONDS, LARGE_SECONDS * effort.inputs),
    ]
    found = await _extended(session, job, empty, batches)
    if generate and not found.invented:
        source = "the recorded ones" if recorded else "the function's annotations"
        sentence = f"No further inputs could be made from {source}."
        return replace(found, unchecked=(*found.unchecked, sentence))
    return found


async def extend(session: Session, job: Job, oracle: Oracle, scaled: Sequence[bytes]) -> Oracle:
    """Let the original run on ``scaled`` inputs as well, which recorded ones were made larger to.

    Raises:
        HostFailed: the original cannot be called outside of its tests.
    """
    first = len(oracle.inputs)
    found = await _extended(session, job, oracle, [Batch(scaled, CALL_SECONDS, REPLAY_SECONDS)])
    added = range(first, first + len(scaled))
    return replace(found, scaled=tuple(index for index in added if index in found.outcomes))


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs to run: ``limit`` seconds a call, ``budget`` seconds together."""

    inputs: Sequence[bytes]
    limit: float
    budget: float


async def _extended(session: Session, job: Job, oracle: Oracle, batches: Sequence[Batch]) -> Oracle:
    """Run the original on more inputs, twice."""
    if oracle.is_erratic:
        return oracle
    inputs = [*oracle.inputs, *(data for batch in batches for data in batch.inputs)]
    await session.set_inputs(inputs)
    worker = await session.worker()
    first = _Run(oracle)
    clock = asyncio.get_running_loop().time
    start = len(oracle.inputs)
    async with host(worker, job) as child:
        began = clock()
        for batch in batches:
            indices = range(start, start + len(batch.inputs))
            await first.add(child, indices, batch.limit, batch.budget)
            start += len(batch.inputs)
        seconds = clock() - began
    usable = [index for index, outcome in first.found.items() if _counts(index, outcome, oracle)]
    second = _Run(oracle)
    async with host(worker, job) as child:
        await second.add(child, usable[::-1], CALL_SECONDS, 2 * seconds + CALL_SECONDS)
    if outcomes.is_erratic(first.found, second.found):
        sentence = "It gives different results for equal inputs, so only the tests check it."
        return Oracle(recorded=oracle.recorded, unchecked=(sentence,), is_erratic=True)
    stable = outcomes.repeatable({index: first.found[index] for index in usable}, second.found)
    return replace(
        oracle,
        inputs=tuple(inputs),
        outcomes={**oracle.outcomes, **stable},
        seconds=oracle.seconds + seconds,
        keeps=oracle.keeps | first.keeps | second.keeps,
        unchecked=(*oracle.unchecked, *_not_checked(oracle, first.found, stable)),
    )


def _counts(index: int, outcome: Outcome, oracle: Oracle) -> bool:
    """Say whether an outcome is behaviour that a candidate has to keep.

    An exception is if a test provokes it, or if the function's own ``raise`` does.
    """
    if outcome.kind not in ("return", "raise"):
        return False
    return not outcome.accident or index in oracle.recorded


class _Run:
    """What the original did in one process; ``keeps`` names what it keeps between calls."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self.found: dict[int, Outcome] = {}
        self.keeps: frozenset[str] = frozenset()

    async def add(self, child: Child, indices: Sequence[int], limit: float, budget: float) -> None:
        """Run the calls in this order, as far as the time allows. A crash ends it."""
        if not indices or child.end is not None:
            return
        child.request(
            budget + limit + GRACE_SECONDS,
            do="outcomes",
            indices=list(indices),
            limit=limit,
            budget=budget,
            closely=list(self._oracle.closely),
            floats=self._oracle.tolerance > 0,
        )
        async for event in child.events():
            self.keeps |= event.get("keeps", {}).keys()
            if "outcome" in event:
                self.found[event["outcome"]] = Outcome.from_event(event)


def _not_checked(
    oracle: Oracle, first: Mapping[int, Outcome], stable: Mapping[int, Outcome]
) -> Iterator[str]:
    """Say which of the recorded calls that were new prove nothing, by reason."""
    reasons = {
        "timeout": f"took longer than {CALL_SECONDS:g} s",
        "limit": "ran out of memory or stack",
        "uncomparable": "gave results that cannot be compared",
        "unloadable": "have arguments that cannot be restored",
        "late": "did not fit into the time for replays",
    }
    counts = dict.fromkeys(reasons, 0)
    for index in oracle.recorded:
        if index in stable or index < len(oracle.inputs):
            continue
        kind = first[index].kind if index in first else "late"
        counts[kind if kind in reasons else "late"] += 1
    for kind, count in counts.items():
        if count:
            calls = "One recorded call" if count == 1 else f"{count} recorded calls"
            yield f"{calls} {reasons[kind]}."
    if any(outcome.bounded for outcome in stable.values()):
        yield "Of an iterator that goes on, only the first 10,000 items were compared."
