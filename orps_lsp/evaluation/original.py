"""Learn all that an evaluation must know of the original: its tests, its behaviour, its costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orps_lsp.evaluation.discovery import judgement
from orps_lsp.evaluation.discovery.suite import Observed, SuiteRun, run_suite
from orps_lsp.evaluation.equivalence import oracle
from orps_lsp.evaluation.equivalence.oracle import Oracle
from orps_lsp.evaluation.hosts import HostFailed, Job
from orps_lsp.evaluation.protocol import Baseline, BaselineError, TestOutcome
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import pairs
from orps_lsp.evaluation.timing.pairs import Costs


@dataclass(frozen=True, slots=True)
class Original:
    """What was found out about the original; evaluations of candidates rely on it.

    ``files`` are those of its tests, ``module`` and ``path`` how its module is imported, ``wall``
    the seconds that a candidate's tests may take.
    """

    baseline: Baseline
    files: tuple[str, ...]
    module: str
    path: tuple[str, ...]
    wall: float
    oracle: Oracle
    costs: Costs


async def learn(session: Session) -> Original:
    """Run the original: the whole suite with a probe, its own tests alone, its calls by itself.

    Raises:
        BaselineError: no test can be run.
        WorkerDied: the worker ended.
    """
    source = session.target.source
    wall = session.limits.test_timeout
    session.processes = False
    worker = await session.worker()
    run = await run_suite(worker, session.tests_job(source, wall, record=True), wall)
    notes = [*session.interpreter.notes]
    if await _needs_processes(session, run):
        session.processes = True
        notes.append("The tests start processes, so candidates are allowed to do that, too.")
        run = await run_suite(worker, session.tests_job(source, wall, record=True), wall)
    _check_ran(session, run)
    touching = {
        name: test
        for name, test in run.tests.items()
        if (test.entered or not test.file) and test.result.outcome is not TestOutcome.SKIPPED
    }
    notes += judgement.remarks(run, touching)
    await session.preload(run.done.get("libraries", ()))
    warm = await _repeat(session, touching)
    touching = judgement.dependable(touching, warm, notes)
    path = tuple(run.done.get("path", ()))
    job = session.host_job(source, judgement.module_name(run), path)
    behaviour = await _consult(session, job, run, touching)
    costs = Costs()
    if behaviour.returning:
        costs = await pairs.costs(await session.worker(), job, behaviour.returning)
    unpicklable = run.done.get("unpicklable", 0)
    baseline = Baseline(
        tests=tuple(warm.tests[name].result for name in touching),
        suite_size=run.collected,
        recorded=behaviour.replayable,
        unreplayable=unpicklable + len(behaviour.recorded) - behaviour.replayable,
        seconds=warm.seconds,
        call_seconds=costs.call_seconds,
        peak_bytes=costs.peak_bytes,
        sandbox=session.sandbox.name,
        interpreter=session.interpreter.label,
        runner=run.runner,
        notes=tuple(notes),
    )
    return Original(
        baseline=baseline,
        files=judgement.files(touching),
        module=judgement.module_name(run),
        path=path,
        wall=session.limits.candidate_seconds(warm.seconds),
        oracle=behaviour,
        costs=costs,
    )


async def _repeat(session: Session, touching: Mapping[str, Observed]) -> SuiteRun:
    """Run the original's tests as candidates' will be: alone, with libraries loaded."""
    if not touching:
        return SuiteRun()
    wall = session.limits.test_timeout
    job = session.tests_job(
        session.target.source, wall, files=judgement.files(touching), ids=list(touching)
    )
    return await run_suite(await session.worker(), job, wall)


async def _needs_processes(session: Session, run: SuiteRun) -> bool:
    """Say whether tests that fail would pass if they were allowed to start processes."""
    if session.sandbox.child_filter(False) is None or run.timed_out:
        return False
    fine = (TestOutcome.PASSED, TestOutcome.SKIPPED)
    failing = [name for name, test in run.tests.items() if test.result.outcome not in fine]
    if not failing and not run.errors:
        return False
    files = {run.tests[name].file for name in failing}
    known = bool(failing) and not run.errors and all(files)
    wall = session.limits.test_timeout
    session.processes = True
    job = session.tests_job(
        session.target.source,
        wall,
        files=sorted(files) if known else (),
        ids=failing if known else (),
    )
    session.processes = False
    second = await run_suite(await session.worker(), job, wall)
    return any(
        test.result.passed and not (name in run.tests and run.tests[name].result.passed)
        for name, test in second.tests.items()
    )


def _check_ran(session: Session, run: SuiteRun) -> None:
    """Raise BaselineError where the run says nothing about the function."""
    if run.timed_out:
        raise BaselineError(
            f"The project's tests did not finish within {session.limits.test_timeout:g} s.",
            "Raise the setting 'test_timeout', or choose fewer tests in the project's own "
            "test configuration.",
        )
    if run.tests or run.done.get("status") == 5:  # 5: there are no tests
        return
    label = session.interpreter.label
    if run.errors:
        where, message = run.errors[0]
        raise BaselineError(
            f"The project's tests cannot be collected: {where}: {message}",
            f"Make the project's tests run, then refine. They ran under {label}; "
            "the setting 'python' chooses another interpreter.",
        )
    if run.done.get("status") != 0:
        output = str(run.done.get("output") or "its process ended early")
        raise BaselineError(
            f"The test runner failed: {output[-1500:]}",
            f"See that the tests run on the command line under {label}",
        )


async def _consult(
    session: Session, job: Job, run: SuiteRun, touching: Mapping[str, Observed]
) -> Oracle:
    """Learn how the original behaves outside of the tests, where it is known to be right."""
    passing = [test for test in touching.values() if test.result.passed]
    failing = [test for test in touching.values() if not test.result.passed]
    doubtful = {number for test in failing for number in test.calls}
    calls = {n: data for n, data in run.calls.items() if n not in doubtful}
    recorded = oracle.select([test.calls for test in passing], calls)
    unchecked = judgement.not_recorded(run, bool(touching), bool(failing))
    if not recorded or not run.done:
        return Oracle(unchecked=tuple(unchecked))
    try:
        found = await oracle.consult(session, job, recorded, generate=not failing)
    except HostFailed as error:
        sentence = f"The function cannot be called outside of its tests: {error}."
        indices = tuple(range(len(recorded)))
        return Oracle(recorded=indices, unchecked=(*unchecked, sentence))
    return replace(found, unchecked=(*unchecked, *found.unchecked))
