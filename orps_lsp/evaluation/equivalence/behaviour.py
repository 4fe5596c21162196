"""What versions do on the same inputs where the original cannot say what is right.

As CodeT does (arXiv 2207.10397): of versions that pass the tests, those that agree with most others
on further inputs are more likely right. Inputs are recorded calls and variations of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from orps_lsp.evaluation.client import reading
from orps_lsp.evaluation.equivalence import invention
from orps_lsp.evaluation.equivalence.outcomes import Outcome
from orps_lsp.evaluation.hosts import HostFailed, Job, host
from orps_lsp.evaluation.protocol import Behaviour
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import costs

MAX_INPUTS = 200
CALL_SECONDS = 0.1
RUN_SECONDS = 1.5  # of one version over all inputs
GRACE_SECONDS = 1.0


async def inputs(session: Session, job: Job, recorded: Sequence[bytes]) -> list[bytes]:
    """Return recorded calls and others made from them, for :func:`observe`; the session has them.

    ``job`` loads a version of the function, whose annotations say what else it takes.
    """
    await session.set_inputs(recorded)
    try:
        invented, _ = await invention.invent(
            await session.worker(), job, len(recorded), session.limits.effort
        )
    except HostFailed:
        invented = []
    found = [*recorded, *invented][:MAX_INPUTS]
    await session.set_inputs(found)
    return found


async def observe(session: Session, job: Job, count: int) -> Behaviour:
    """Run a version on the first ``count`` of the session's inputs."""
    marks = [""] * count
    worker = await session.worker()
    try:
        async with host(worker, job) as child:
            child.request(
                RUN_SECONDS + CALL_SECONDS + GRACE_SECONDS,
                do="outcomes",
                indices=list(range(count)),
                limit=CALL_SECONDS,
                budget=RUN_SECONDS,
                closely=[],
                floats=False,
            )
            async for event in child.events():
                if "outcome" in event:
                    with reading():
                        outcome = Outcome.from_event(event)
                        index = int(event["outcome"])
                    if outcome.digest and 0 <= index < count:
                        marks[index] = f"{outcome.kind} {outcome.digest}"
        returning = [n for n, mark in enumerate(marks) if mark.startswith("return")]
        calls = await costs.profile(worker, job, returning)
    except HostFailed:
        return Behaviour(tuple(marks))
    return Behaviour(tuple(marks), sum(calls.values()) / 1e9 if calls else None)
