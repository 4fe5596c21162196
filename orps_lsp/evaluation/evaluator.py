"""The evaluator that runs on this machine: the user's interpreter, in a sandbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from orps_lsp.config import Settings
from orps_lsp.evaluation import original, sandbox
from orps_lsp.evaluation.client import Forged
from orps_lsp.evaluation.discovery import judgement
from orps_lsp.evaluation.discovery.suite import SuiteRun, in_order
from orps_lsp.evaluation.equivalence import behaviour, prove, replay
from orps_lsp.evaluation.hosts import HostFailed, Job
from orps_lsp.evaluation.limits import USUAL, Effort, Limits
from orps_lsp.evaluation.original import Original
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import (
    Baseline,
    Behaviour,
    Evaluation,
    Target,
    TestResult,
    TestsListener,
    Verdict,
)
from orps_lsp.evaluation.runner import TestRunner
from orps_lsp.evaluation.sandbox import Sandbox
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing.measure import measure
from orps_lsp.store import Store

MAX_ATTEMPTS = 3  # at a verdict, where processes are killed from outside


async def open_evaluator(
    target: Target, settings: Settings, effort: Effort = USUAL
) -> LocalEvaluator:
    """Choose interpreter and sandbox for the target's project and start the worker.

    Raises:
        InterpreterError: there is no Python that could run the project.
        SandboxUnavailable: no sandbox works here, or not the one asked for.
    """
    interpreter = await find_interpreter(target.workspace, settings.python)
    chosen = await sandbox.choose(settings.sandbox)
    limits = Limits.of(settings, effort)
    evaluator = LocalEvaluator(target, interpreter, chosen, limits)
    await evaluator.start()
    return evaluator


class LocalEvaluator:
    """Implements :class:`~orps_lsp.evaluation.protocol.Evaluator`."""

    def __init__(
        self, target: Target, interpreter: Interpreter, box: Sandbox, limits: Limits
    ) -> None:
        self._session = Session(target, interpreter, box, limits)
        self._store = Store()
        self._original: Original | None = None
        self._runner: TestRunner | None = None

    async def start(self) -> None:
        """Start the worker, so that what is wrong with interpreter or sandbox is known early."""
        await self._session.worker()

    async def close(self) -> None:
        """See the protocol."""
        await self._session.close()

    async def remarks(self) -> tuple[str, ...]:
        """See the protocol."""
        return await self._session.remarks()

    async def baseline(self, listen: TestsListener | None = None) -> Baseline:
        """See the protocol."""
        self._original = None
        session = self._session
        known = await session.with_restart(lambda: original.learn(session, self._store, listen))
        self._runner = TestRunner(session, known.baseline.tests, known.files, known.wall)
        await self._runner.prepare()
        self._original = known
        return known.baseline

    async def evaluate(self, module_source: str) -> Evaluation:
        """See the protocol."""
        known, runner = self._original, self._runner
        if known is None or runner is None:
            raise RuntimeError("the baseline comes first")
        session = self._session
        for _ in range(MAX_ATTEMPTS):
            kills = session.kills
            try:
                judged = await session.with_restart(
                    lambda: self._judge(known, runner, module_source)
                )
            except Forged as error:
                judged = Evaluation(Verdict.BROKEN, (), error.message)
            if session.kills == kills:
                break
        return judged

    async def behaviours(self, modules: Sequence[str]) -> tuple[Behaviour, ...]:
        """See the protocol."""
        known = self._original
        if known is None:
            raise RuntimeError("the baseline comes first")
        return await self._session.with_restart(lambda: self._observed(known, modules))

    async def _observed(self, known: Original, modules: Sequence[str]) -> tuple[Behaviour, ...]:
        session = self._session
        try:
            jobs = [session.host_job(text, known.module, known.path) for text in modules]
            given = await behaviour.inputs(session, jobs[0], known.calls)
            return tuple([await behaviour.observe(session, job, len(given)) for job in jobs])
        finally:
            await session.set_inputs(known.oracle.inputs)

    async def _judge(self, known: Original, runner: TestRunner, source: str) -> Evaluation:
        if not known.baseline.tests and not known.baseline.comparable:
            reason = "No test calls the function, so nothing would show that this version is right."
            return Evaluation(Verdict.BROKEN, (), reason)
        failed, tests = await _tried(runner.tests, runner.run, source)
        if failed is not None:
            return failed
        host = self._session.host_job(source, known.module, known.path)
        try:
            evidence = await replay.check(await self._session.worker(), host, known.oracle)
        except HostFailed as error:
            reason = f"It cannot be loaded by itself, as the original can: {error}."
            return Evaluation(Verdict.BROKEN, tests, reason)
        if evidence.disagreements:
            reason = evidence.first_disagreement
            return Evaluation(Verdict.DISAGREES, tests, reason, evidence)
        # Few come this far; what is offered has passed as the user will run it.
        failed, tests = await _tried(runner.tests, runner.fresh, source)
        if failed is not None:
            return failed
        reference = self._session.host_job(self._session.target.source, known.module, known.path)
        if not known.baseline.failed:
            proof = await prove.prove(self._session, reference, host, known.oracle)
            if proof.difference:
                return Evaluation(Verdict.DISAGREES, tests, proof.difference, evidence)
            evidence = replace(evidence, proof=proof.sentence)
        passed = Evaluation(Verdict.VERIFIED, tests, evidence=evidence)
        return await self._measured(known, reference, host, passed)

    async def _measured(
        self, known: Original, reference: Job, candidate: Job, passed: Evaluation
    ) -> Evaluation:
        """Add speed and memory, where the original works and can be called by itself."""
        costs = known.costs
        if known.baseline.failed or costs.work is None or passed.evidence is None:
            return passed
        worker = await self._session.worker()
        effort = self._session.limits.effort
        measured = await measure(worker, reference, candidate, costs, costs.work, effort)
        unchecked = (*passed.evidence.unchecked, *measured.notes)
        return replace(
            passed,
            evidence=replace(passed.evidence, unchecked=unchecked),
            speedup=measured.speedup,
            memory_ratio=measured.memory_ratio,
        )


async def _tried(
    expected: tuple[TestResult, ...], run: Callable[[str], Awaitable[SuiteRun]], source: str
) -> tuple[Evaluation | None, tuple[TestResult, ...]]:
    """Run the tests; say what they have against a candidate, and how each of them ended."""
    if not expected:
        return None, ()
    done = await run(source)
    tests = in_order(expected, done)
    fault = judgement.fault(done, tests)
    return (Evaluation(fault[0], tests, fault[1]) if fault else None), tests
