"""What the original costs, and with it what is to be measured of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orps_lsp.evaluation.client import Worker, reading
from orps_lsp.evaluation.equivalence import oracle
from orps_lsp.evaluation.equivalence.oracle import Oracle
from orps_lsp.evaluation.hosts import LOAD_SECONDS, Job, host
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import scale, work
from orps_lsp.evaluation.timing.work import Work


@dataclass(frozen=True, slots=True)
class Costs:
    """What the original costs: ``call_seconds`` for one pass over its recorded calls.

    ``calls`` has each of them in ns, ``peak_bytes`` is the tracemalloc peak of such a pass.
    ``work`` is what a sample measures. Where that is made of larger inputs, ``own`` is the work
    with the tests' own.
    """

    calls: Mapping[int, int] = field(default_factory=dict)
    call_seconds: float | None = None
    peak_bytes: int | None = None
    work: Work | None = None
    own: Work | None = None


async def learn(session: Session, job: Job, behaviour: Oracle, grow: bool) -> tuple[Oracle, Costs]:
    """Measure the original; make its inputs larger where they are too small, if it may ``grow``.

    Return the costs, and what is known of its behaviour, that on larger inputs included.

    Raises:
        HostFailed: it does not load by itself.
    """
    worker = await session.worker()
    calls = await profile(worker, job, behaviour.measurable)
    if not calls:
        return behaviour, Costs()
    found = Costs(
        calls=calls,
        call_seconds=sum(calls.values()) / 1e9,
        peak_bytes=await peak_memory(worker, job, list(calls)),
        work=work.choose(calls, await profile(worker, job, behaviour.invented)),
    )
    grown = await scale.find(worker, job, calls) if grow else None
    if grown is None:
        return behaviour, found
    start = len(behaviour.inputs)
    behaviour = await oracle.extend(session, job, behaviour, grown.inputs)
    larger = {n: cost for n, cost in enumerate(grown.costs, start) if n in behaviour.scaled}
    if not larger:
        return behaviour, found
    return behaviour, replace(found, work=work.choose(larger, calls, grown.factor), own=found.work)


async def profile(worker: Worker, job: Job, indices: Sequence[int]) -> dict[int, int]:
    """Return what each call takes, in ns; nothing if they do not end in time.

    Raises:
        HostFailed: the version does not load by itself.
    """
    if not indices:
        return {}
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="profile", indices=list(indices))
        found = (await child.answer()).get("ns", ())
    return dict(zip(indices, found, strict=False))


async def peak_memory(worker: Worker, job: Job, indices: Sequence[int]) -> int | None:
    """Return the tracemalloc peak of one pass over the calls, in bytes; None if it failed.

    Raises:
        HostFailed: the version does not load by itself.
    """
    async with host(worker, job) as child:
        child.request(LOAD_SECONDS, do="memory", indices=list(indices))
        peak = (await child.answer()).get("peak")
    with reading():
        return None if peak is None else int(peak)
