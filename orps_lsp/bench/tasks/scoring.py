"""The hidden tests: whether a picked solution is right, and how long it takes beside the reference.

Measures as in arXiv 2412.15118, section 4: Pass@1 (all tests pass), Tests (share that passes),
Valid (it loads and runs without an error), Time (relative to the reference solution).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from orps_lsp.bench.tasks import project
from orps_lsp.bench.tasks.task import BenchTask, Interface
from orps_lsp.config import Settings
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.discovery import finding, judgement
from orps_lsp.evaluation.discovery.found import Discovery
from orps_lsp.evaluation.discovery.suite import SuiteRun, in_order, run_suite
from orps_lsp.evaluation.equivalence import oracle
from orps_lsp.evaluation.hosts import HostFailed
from orps_lsp.evaluation.limits import Effort, Limits
from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import (
    BaselineError,
    Target,
    TestOutcome,
    TestResult,
)
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import costs as timing
from orps_lsp.evaluation.timing import pairs
from orps_lsp.evaluation.timing.costs import Costs
from orps_lsp.evaluation.timing.rounds import Unmeasurable
from orps_lsp.source.locate import SourceError, find
from orps_lsp.store import Store

_ASSERTIONS = ("assert", "AssertionError")  # how a test's own verdict begins
# Nothing is claimed of one task, the mean of many counts: what is near 1 needs no longer look.
_EFFORT = Effort(seconds=1.5)


@dataclass(frozen=True, slots=True)
class Score:
    """What the hidden tests say of one solution.

    ``valid``: it loads, and no test ends otherwise than by its own assertion. ``time``: seconds of
    the solution over those of the reference, on the calls of the tests, where all of them pass.
    """

    passed: int = 0
    total: int = 0
    valid: bool = False
    time: float | None = None

    @property
    def correct(self) -> bool:
        return self.total > 0 and self.passed == self.total


class Faulty(Exception):
    """The task's own reference does not pass its hidden tests: it says nothing of a method."""


@asynccontextmanager
async def scorer(task: BenchTask, wanted: Interface, settings: Settings) -> AsyncIterator[Scorer]:
    """Run the reference on the hidden tests; yields what scores others by them.

    Raises:
        Faulty: the reference fails them.
        EvaluationError: there is no sandbox or interpreter.
    """
    with project.folder() as root:
        reference = _reference(task, wanted.name)
        file = project.write(root, reference, task, task.hidden, wanted.name)
        target = Target(root, file, wanted.name, reference)
        python = await interpreter.find(root, settings.python)
        chosen = await sandbox.choose(settings.sandbox)
        session = Session(target, python, chosen, Limits.of(settings))
        store = Store(root.with_name(f"{root.name}.sqlite3"))
        try:
            yield await Scorer.open(session, store, len(task.hidden))
        finally:
            await session.close()
            for path in root.parent.glob(f"{store.path.name}*"):
                path.unlink()


def _reference(task: BenchTask, name: str) -> str:
    """The reference as a module; annotations may name what only other versions of Python have."""
    text = f"from __future__ import annotations\n\n{task.reference}\n"
    try:
        find(text, name)
    except SourceError as error:
        raise Faulty(f"The reference does not define {name}: {error.message}") from error
    return text


class Scorer:
    """Scores solutions of one task."""

    def __init__(self, session: Session, found: Discovery, wall: float) -> None:
        self._session = session
        self._found = found
        self._tests = tuple(test.result for test in found.touching.values())
        self._wall = wall
        self._costs: Costs | None = None

    @classmethod
    async def open(cls, session: Session, store: Store, tests: int) -> Scorer:
        """Find out how the reference fares.

        Raises:
            Faulty: it fails a test.
        """
        try:
            found, alone = await session.with_restart(lambda: finding.find(session, store))
        except BaselineError as error:
            raise Faulty(f"The reference cannot be tested: {error.message}") from error
        passing = [test for test in found.touching.values() if test.result.passed]
        if len(passing) < tests:
            raise Faulty(f"The reference passes {len(passing)} of {tests} hidden tests.")
        return cls(session, found, session.limits.candidate_seconds(alone.seconds))

    async def score(self, module: str) -> Score:
        """Run one solution; ``module`` is the text of the whole module."""
        session = self._session
        job = session.tests_job(
            module,
            self._wall,
            files=judgement.files(self._found.touching),
            ids=[test.id for test in self._tests],
        )

        async def suite() -> SuiteRun:
            return await run_suite(await session.worker(), job, self._wall)

        run = await session.with_restart(suite)
        results = in_order(self._tests, run)
        passed = sum(result.passed for result in results)
        valid = not run.errors and all(map(_ran, results))
        time = await self._time(module) if passed == len(results) else None
        return Score(passed, len(results), valid, time)

    async def _time(self, module: str) -> float | None:
        """Time a right solution beside the reference, on the calls of the tests themselves."""
        session, found = self._session, self._found
        reference = session.host_job(session.target.source, found.module, found.path)
        try:
            if self._costs is None:
                calls = oracle.select(
                    [test.calls for test in found.touching.values()], dict(found.calls)
                )
                behaviour = await oracle.consult(session, reference, calls, generate=False)
                _, self._costs = await timing.learn(session, reference, behaviour, grow=False)
            if self._costs.work is None:
                return None
            candidate = session.host_job(module, found.module, found.path)
            worker = await session.worker()
            speedup, _ = await pairs.time_pairs(
                worker, reference, candidate, self._costs.work, _EFFORT
            )
        except (HostFailed, Unmeasurable):
            return None
        return 1 / speedup.median


def _ran(result: TestResult) -> bool:
    """Whether a test came to a verdict of its own."""
    if result.outcome is TestOutcome.FAILED:
        return result.message.startswith(_ASSERTIONS)
    return result.passed
