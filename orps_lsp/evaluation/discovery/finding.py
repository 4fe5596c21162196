"""Find the tests that touch the function: from memory if nothing changed, else by running them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from orps_lsp.evaluation.discovery import fingerprint, judgement
from orps_lsp.evaluation.discovery.found import Discovery
from orps_lsp.evaluation.discovery.recording import record
from orps_lsp.evaluation.discovery.suite import SuiteRun, run_suite
from orps_lsp.evaluation.protocol import TestsListener
from orps_lsp.evaluation.session import Session
from orps_lsp.store import Store

KIND = "discovery"


async def find(
    session: Session, store: Store, listen: TestsListener | None = None
) -> tuple[Discovery, SuiteRun]:
    """Return what touches the function, and a run of these tests alone, as candidates' will be.

    What is remembered holds only if its tests still end as they did. The session knows afterwards
    whether processes are needed and has loaded the libraries.

    Raises:
        BaselineError: no test can be run.
        WorkerDied: the worker ended.
    """
    key = await _key(session)
    kept = await asyncio.to_thread(store.get, KIND, key) if key else None
    if kept is not None:
        found = Discovery.from_bytes(kept)
        session.processes = found.processes
        await session.preload(found.libraries)
        alone = await _alone(session, found)
        if not judgement.changed(found.touching, alone):
            return found, alone
    found = await record(session, listen)
    await session.preload(found.libraries)
    alone = await _alone(session, found)
    found = await _dependable(session, found, alone)
    if key and found.touching:
        await asyncio.to_thread(store.put, KIND, key, found.to_bytes())
    return found, alone


async def _key(session: Session) -> str:
    """Return what the discovery is kept by; empty if the workspace is too large to be read."""
    await session.worker()  # takes the snapshot
    digest = session.snapshot.digest if session.snapshot else ""
    return await asyncio.to_thread(fingerprint.key, session, digest) if digest else ""


async def _alone(session: Session, found: Discovery) -> SuiteRun:
    """Run the original's tests as candidates' will be: alone, with libraries loaded."""
    if not found.touching:
        return SuiteRun()
    wall = session.limits.test_timeout
    job = session.tests_job(
        session.target.source,
        wall,
        files=judgement.files(found.touching),
        ids=list(found.touching),
    )
    return await run_suite(await session.worker(), job, wall)


async def _dependable(session: Session, found: Discovery, alone: SuiteRun) -> Discovery:
    """Leave out tests that end otherwise without the rest of the suite: they prove nothing.

    A third run says why: by chance, or because they need the others.
    """
    differing = judgement.changed(found.touching, alone)
    if not differing:
        return found
    third = await _alone(session, found)
    first = {name: test for name, test in alone.tests.items() if name in found.touching}
    flaky = judgement.changed(first, third)
    left_out = differing | flaky
    notes = judgement.undependable(
        [name for name in found.touching if name in flaky],
        [name for name in found.touching if name in differing - flaky],
    )
    kept = {name: test for name, test in found.touching.items() if name not in left_out}
    return replace(found, touching=kept, notes=(*found.notes, *notes))
