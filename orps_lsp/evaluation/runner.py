"""Run a candidate's tests: as quickly as is safe, and once more as slowly as they run for users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orps_lsp.evaluation.client import WorkerDied
from orps_lsp.evaluation.discovery.suite import SuiteRun, in_order, run_suite
from orps_lsp.evaluation.protocol import TestResult
from orps_lsp.evaluation.session import Job, Session

START_SECONDS = 10.0  # of an interpreter, and of what it imports


@dataclass(frozen=True, slots=True)
class TestRunner:
    """Runs the original's tests with candidates. ``wall`` in seconds.

    There are three ways. *Collected*: a fork of a process that has the tests loaded gets
    the candidate's code. *Full*: a fork of one that has libraries loaded runs the test runner.
    *Fresh*: a new interpreter does.
    """

    __test__ = False  # the name is the field's; pytest must not collect it

    session: Session
    tests: tuple[TestResult, ...]
    files: tuple[str, ...]
    wall: float

    async def prepare(self) -> None:
        """Load the tests ahead, if the original fares there as it does elsewhere."""
        if not self.tests:
            return
        self.session.collect_with(self._job(self.session.target.source))
        run = await self.collected(self.session.target.source)
        if run is None or _outcomes(self.tests) != _outcomes(in_order(self.tests, run)):
            await self.session.give_up_collector()

    async def run(self, source: str) -> SuiteRun:
        """Run them collected where the candidate allows it, else in full."""
        return await self.collected(source) or await self.full(source)

    async def collected(self, source: str) -> SuiteRun | None:
        """Run them collected; None where that cannot be."""
        session = self.session
        try:
            worker = await session.collector()
            if worker is None:
                return None
            run = await run_suite(worker, session.collected_job(source, self.wall), self.wall)
        except WorkerDied:
            await session.collector_died()
            return None
        session.collector_worked()
        if run.done.get("unswappable"):
            return None
        if run.done.get("stale"):  # something holds on to the original's code
            await session.give_up_collector()
            return None
        return run

    async def full(self, source: str) -> SuiteRun:
        """Run them in a fork that loads the candidate's module."""
        return await run_suite(await self.session.worker(), self._job(source), self.wall)

    async def fresh(self, source: str) -> SuiteRun:
        """Run them under an interpreter that has nothing loaded."""
        job = self._job(source, fresh=True)
        return await run_suite(await self.session.worker(), job, self.wall + START_SECONDS)

    def _job(self, source: str, fresh: bool = False) -> Job:
        ids = [test.id for test in self.tests]
        return self.session.tests_job(source, self.wall, files=self.files, ids=ids, fresh=fresh)


def _outcomes(tests: Sequence[TestResult]) -> list[tuple[str, str]]:
    return [(test.id, test.outcome.value) for test in tests]
