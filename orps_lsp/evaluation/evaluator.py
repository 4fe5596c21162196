"""The evaluator that runs on this machine: the user's interpreter, in a sandbox."""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from orps_lsp.config import Settings
from orps_lsp.evaluation import judgement, replay, sandbox, surroundings
from orps_lsp.evaluation.client import Worker, WorkerDied
from orps_lsp.evaluation.interpreter import Interpreter
from orps_lsp.evaluation.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import (
    Baseline,
    BaselineError,
    Evaluation,
    Speedup,
    Target,
    TestOutcome,
    Verdict,
)
from orps_lsp.evaluation.sandbox import Sandbox
from orps_lsp.evaluation.suite import Observed, SuiteRun, in_order, run_suite

MIN_TEST_SECONDS = 5.0
TEST_FACTOR = 10.0  # how much longer than the original's tests a candidate's may take

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the baseline in seconds of wall time, and of every child's memory in MiB."""

    test_timeout: float = 120.0
    memory_mb: int = 2048


async def open_evaluator(target: Target, settings: Settings) -> LocalEvaluator:
    """Choose interpreter and sandbox for the target's project and start the worker.

    Raises:
        InterpreterError: there is no Python that could run the project.
        SandboxUnavailable: no sandbox works here, or not the one asked for.
    """
    interpreter = await find_interpreter(target.workspace, settings.python)
    chosen = await sandbox.choose(settings.sandbox)
    limits = Limits(settings.test_timeout, settings.memory_mb)
    evaluator = LocalEvaluator(target, interpreter, chosen, limits)
    await evaluator.start()
    return evaluator


class LocalEvaluator:
    """Implements :class:`~orps_lsp.evaluation.protocol.Evaluator`.

    Owns one worker. If that dies, it is started anew once per evaluation.
    """

    def __init__(
        self, target: Target, interpreter: Interpreter, box: Sandbox, limits: Limits
    ) -> None:
        self._target = target
        self._interpreter = interpreter
        self._sandbox = box
        self._limits = limits
        self._worker: Worker | None = None
        self._closed = False
        self._allow_processes = False
        self._libraries: Sequence[str] = ()
        self._baseline: _Known | None = None

    async def start(self) -> Worker:
        """Start the worker, as far as known with what it needs; a running one is kept."""
        if self._worker is None:
            if self._closed:
                raise RuntimeError("the evaluator is closed")
            policy = surroundings.policy(self._target.workspace, self._interpreter)
            self._worker = await Worker.start(self._sandbox, self._interpreter.path, policy)
            if self._libraries:
                await self._preload()
            if self._baseline is not None:
                self._worker.set_inputs(self._baseline.oracle.inputs)
        return self._worker

    async def close(self) -> None:
        """End the worker and all that it started. Safe to call twice."""
        self._closed = True
        await self._stop()

    async def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    async def _preload(self) -> None:
        """Import the project's libraries once; without them, if that loads its own modules."""
        worker = await self.start()
        if not await worker.preload(self._libraries, self._target.workspace):
            self._libraries = ()
            await self._stop()
            await self.start()

    async def _with_restart(self, work: Callable[[Worker], Awaitable[T]]) -> T:
        try:
            return await work(await self.start())
        except WorkerDied:
            self._libraries = ()  # one of them may be what ended it
            await self._stop()
            return await work(await self.start())

    async def baseline(self) -> Baseline:
        """See the protocol."""
        self._baseline = None
        known = await self._with_restart(self._measure_baseline)
        self._baseline = known
        return known.baseline

    async def evaluate(self, module_source: str) -> Evaluation:
        """See the protocol."""
        known = self._baseline
        if known is None:
            raise RuntimeError("the baseline comes first")
        return await self._with_restart(lambda worker: self._judge(worker, known, module_source))

    # The original

    async def _measure_baseline(self, worker: Worker) -> _Known:
        wall = self._limits.test_timeout
        self._allow_processes = False
        run = await run_suite(worker, self._tests_job(self._target.source, wall, record=True), wall)
        notes = [*self._interpreter.notes]
        if await self._needs_processes(worker, run):
            self._allow_processes = True
            notes.append("The tests start processes, so candidates are allowed to do that, too.")
            job = self._tests_job(self._target.source, wall, record=True)
            run = await run_suite(worker, job, wall)
        self._check_ran(run)
        touching = {
            name: test
            for name, test in run.tests.items()
            if (test.entered or not test.file) and test.result.outcome is not TestOutcome.SKIPPED
        }
        notes += judgement.remarks(run, touching)
        self._libraries = run.done.get("libraries", ())
        await self._preload()
        worker = await self.start()
        warm = await self._repeat(worker, touching)
        touching = judgement.dependable(touching, warm, notes)
        tests = tuple(warm.tests[name].result for name in touching)
        oracle = await self._consult(worker, run, touching)
        unpicklable = run.done.get("unpicklable", 0)
        baseline = Baseline(
            tests=tests,
            suite_size=run.collected,
            recorded=oracle.replayable,
            unreplayable=unpicklable + len(oracle.recorded) - oracle.replayable,
            seconds=warm.seconds,
            call_seconds=oracle.call_seconds,
            peak_bytes=oracle.peak_bytes,
            sandbox=self._sandbox.name,
            interpreter=self._interpreter.label,
            runner=run.runner,
            notes=tuple(notes),
        )
        return _Known(
            baseline=baseline,
            files=judgement.files(touching),
            oracle=oracle,
            module=judgement.module_name(run),
            path=tuple(run.done.get("path", ())),
            wall=max(MIN_TEST_SECONDS, TEST_FACTOR * warm.seconds),
        )

    async def _repeat(self, worker: Worker, touching: Mapping[str, Observed]) -> SuiteRun:
        """Run the original's tests as candidates' will be: alone, with libraries loaded."""
        if not touching:
            return SuiteRun()
        wall = self._limits.test_timeout
        source = self._target.source
        job = self._tests_job(source, wall, files=judgement.files(touching), ids=list(touching))
        return await run_suite(worker, job, wall)

    async def _needs_processes(self, worker: Worker, run: SuiteRun) -> bool:
        """Say whether tests that fail would pass if they were allowed to start processes."""
        if self._sandbox.child_filter(False) is None or run.timed_out:
            return False
        fine = (TestOutcome.PASSED, TestOutcome.SKIPPED)
        failing = [name for name, test in run.tests.items() if test.result.outcome not in fine]
        if not failing and not run.errors:
            return False
        self._allow_processes = True
        files = {run.tests[name].file for name in failing}
        known = bool(failing) and not run.errors and all(files)
        wall = self._limits.test_timeout
        job = self._tests_job(
            self._target.source,
            wall,
            record=False,
            files=sorted(files) if known else (),
            ids=failing if known else (),
        )
        try:
            second = await run_suite(worker, job, wall)
        finally:
            self._allow_processes = False
        gained = [
            name
            for name, test in second.tests.items()
            if test.result.passed and not (name in run.tests and run.tests[name].result.passed)
        ]
        return bool(gained)

    def _check_ran(self, run: SuiteRun) -> None:
        """Raise BaselineError where the run says nothing about the function."""
        if run.timed_out:
            raise BaselineError(
                f"The project's tests did not finish within {self._limits.test_timeout:g} s.",
                "Raise the setting 'test_timeout', or choose fewer tests in the project's own "
                "test configuration.",
            )
        if run.tests or run.done.get("status") == 5:  # 5: there are no tests
            return
        if run.errors:
            where, message = run.errors[0]
            raise BaselineError(
                f"The project's tests cannot be collected: {where}: {message}",
                "Make the project's tests run, then refine. They ran under "
                f"{self._interpreter.label}; the setting 'python' chooses another interpreter.",
            )
        if run.done.get("status") != 0:
            output = str(run.done.get("output") or "its process ended early")
            raise BaselineError(
                f"The test runner failed: {output[-1500:]}",
                "See that the tests run on the command line under " + self._interpreter.label,
            )

    async def _consult(
        self, worker: Worker, run: SuiteRun, touching: Mapping[str, Observed]
    ) -> replay.Oracle:
        """Learn how the original behaves outside of the tests, where it is known to be right."""
        passing = [test for test in touching.values() if test.result.passed]
        failing = [test for test in touching.values() if not test.result.passed]
        doubtful = {number for test in failing for number in test.calls}
        calls = {n: data for n, data in run.calls.items() if n not in doubtful}
        recorded = replay.select([test.calls for test in passing], calls)
        unchecked = judgement.not_recorded(run, bool(touching), bool(failing))
        if not recorded or not run.done:
            return replay.Oracle(unchecked=tuple(unchecked))
        job = self._host_job(self._target.source, judgement.module_name(run), run.done["path"])
        try:
            oracle = await replay.consult(worker, job, recorded, generate=not failing)
        except replay.HostFailed as error:
            sentence = f"The function cannot be called outside of its tests: {error}."
            indices = tuple(range(len(recorded)))
            return replay.Oracle(recorded=indices, unchecked=(*unchecked, sentence))
        return replace(oracle, unchecked=(*unchecked, *oracle.unchecked))

    # A candidate

    async def _judge(self, worker: Worker, known: _Known, source: str) -> Evaluation:
        expected = known.baseline.tests
        if not expected:
            reason = "No test calls the function, so nothing would show that this version is right."
            return Evaluation(Verdict.BROKEN, (), reason)
        job = self._tests_job(
            source, known.wall, files=known.files, ids=[test.id for test in expected]
        )
        run = await run_suite(worker, job, known.wall)
        tests = in_order(expected, run)
        fault = judgement.fault(run, tests)
        if fault is not None:
            return Evaluation(fault[0], tests, fault[1])
        host = self._host_job(source, known.module, known.path)
        try:
            evidence = await replay.check(worker, host, known.oracle)
        except replay.HostFailed as error:
            reason = f"It cannot be loaded by itself, as the original can: {error}."
            return Evaluation(Verdict.BROKEN, tests, reason)
        if evidence.disagreements:
            reason = evidence.first_disagreement
            return Evaluation(Verdict.DISAGREES, tests, reason, evidence)
        passed = Evaluation(Verdict.VERIFIED, tests, evidence=evidence)
        return await self._measured(worker, known, host, passed)

    async def _measured(
        self, worker: Worker, known: _Known, candidate: dict[str, Any], passed: Evaluation
    ) -> Evaluation:
        """Add speed and memory, where the original works and can be called by itself."""
        work = known.oracle.work
        if known.baseline.failed or work is None or passed.evidence is None:
            return passed
        original = self._host_job(self._target.source, known.module, known.path)
        try:
            speedup = await replay.time_pairs(worker, original, candidate, work)
            peak = await replay.peak_memory(worker, candidate, known.oracle.returning)
        except replay.HostFailed as error:
            speedup, peak = f"Its speed could not be measured: {error}.", None
        before = known.oracle.peak_bytes
        evidence = passed.evidence
        if isinstance(speedup, str):
            evidence = replace(evidence, unchecked=(*evidence.unchecked, speedup))
        return replace(
            passed,
            evidence=evidence,
            speedup=speedup if isinstance(speedup, Speedup) else None,
            memory_ratio=peak / before if peak is not None and before else None,
        )

    # Jobs

    def _tests_job(
        self,
        source: str,
        wall: float,
        record: bool = False,
        files: Sequence[str] = (),
        ids: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {
            **self._job("tests", source, math.ceil(wall)),
            "record": record,
            "files": list(files),
            "ids": list(ids),
        }

    def _host_job(self, source: str, module: str, path: Sequence[str]) -> dict[str, Any]:
        job = self._job("host", source, cpu_seconds=None)
        return {**job, "module": module, "path": list(path)}

    def _job(self, kind: str, source: str, cpu_seconds: int | None) -> dict[str, Any]:
        program = self._sandbox.child_filter(self._allow_processes)
        return {
            "kind": kind,
            "workspace": str(self._target.workspace),
            "file": str(self._target.file),
            "text": source,
            "qualname": self._target.qualname,
            "limits": {
                "memory_bytes": self._limits.memory_mb * 1024 * 1024,
                "cpu_seconds": cpu_seconds,
            },
            "filter": base64.b64encode(program).decode() if program else "",
        }


@dataclass(frozen=True, slots=True)
class _Known:
    """What the baseline found out; evaluations rely on it."""

    baseline: Baseline
    files: tuple[str, ...]
    oracle: replay.Oracle
    module: str
    path: tuple[str, ...]
    wall: float
