"""The evaluator that runs on this machine: the user's interpreter, in a sandbox."""

from __future__ import annotations

from dataclasses import replace

from orps_lsp.config import Settings
from orps_lsp.evaluation import original, sandbox
from orps_lsp.evaluation.discovery import judgement
from orps_lsp.evaluation.discovery.suite import in_order, run_suite
from orps_lsp.evaluation.equivalence import replay
from orps_lsp.evaluation.hosts import HostFailed, Job
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.original import Original
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import Baseline, Evaluation, Speedup, Target, Verdict
from orps_lsp.evaluation.sandbox import Sandbox
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import pairs


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
    """Implements :class:`~orps_lsp.evaluation.protocol.Evaluator`."""

    def __init__(
        self, target: Target, interpreter: Interpreter, box: Sandbox, limits: Limits
    ) -> None:
        self._session = Session(target, interpreter, box, limits)
        self._original: Original | None = None

    async def start(self) -> None:
        """Start the worker, so that what is wrong with interpreter or sandbox is known early."""
        await self._session.worker()

    async def close(self) -> None:
        """See the protocol."""
        await self._session.close()

    async def baseline(self) -> Baseline:
        """See the protocol."""
        self._original = None
        self._original = await self._session.with_restart(lambda: original.learn(self._session))
        return self._original.baseline

    async def evaluate(self, module_source: str) -> Evaluation:
        """See the protocol."""
        known = self._original
        if known is None:
            raise RuntimeError("the baseline comes first")
        return await self._session.with_restart(lambda: self._judge(known, module_source))

    async def _judge(self, known: Original, source: str) -> Evaluation:
        expected = known.baseline.tests
        if not expected:
            reason = "No test calls the function, so nothing would show that this version is right."
            return Evaluation(Verdict.BROKEN, (), reason)
        session = self._session
        worker = await session.worker()
        job = session.tests_job(
            source, known.wall, files=known.files, ids=[test.id for test in expected]
        )
        run = await run_suite(worker, job, known.wall)
        tests = in_order(expected, run)
        fault = judgement.fault(run, tests)
        if fault is not None:
            return Evaluation(fault[0], tests, fault[1])
        host = session.host_job(source, known.module, known.path)
        try:
            evidence = await replay.check(worker, host, known.oracle)
        except HostFailed as error:
            reason = f"It cannot be loaded by itself, as the original can: {error}."
            return Evaluation(Verdict.BROKEN, tests, reason)
        if evidence.disagreements:
            reason = evidence.first_disagreement
            return Evaluation(Verdict.DISAGREES, tests, reason, evidence)
        passed = Evaluation(Verdict.VERIFIED, tests, evidence=evidence)
        return await self._measured(known, host, passed)

    async def _measured(self, known: Original, candidate: Job, passed: Evaluation) -> Evaluation:
        """Add speed and memory, where the original works and can be called by itself."""
        costs = known.costs
        if known.baseline.failed or costs.work is None or passed.evidence is None:
            return passed
        session = self._session
        worker = await session.worker()
        reference = session.host_job(session.target.source, known.module, known.path)
        speedup: Speedup | str
        try:
            speedup = await pairs.time_pairs(worker, reference, candidate, costs.work)
            peak = await pairs.peak_memory(worker, candidate, known.oracle.returning)
        except HostFailed as error:
            speedup, peak = f"Its speed could not be measured: {error}.", None
        evidence = passed.evidence
        if isinstance(speedup, str):
            evidence = replace(evidence, unchecked=(*evidence.unchecked, speedup))
        return replace(
            passed,
            evidence=evidence,
            speedup=speedup if isinstance(speedup, Speedup) else None,
            memory_ratio=peak / costs.peak_bytes if peak and costs.peak_bytes else None,
        )
