"""The recording run: the project's tests with a probe at the function's entry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from orps_lsp.evaluation.discovery import arguments, judgement, reach
from orps_lsp.evaluation.discovery.found import Discovery
from orps_lsp.evaluation.discovery.suite import SuiteRun, run_suite
from orps_lsp.evaluation.protocol import BaselineError, TestOutcome, TestsListener
from orps_lsp.evaluation.session import Session


async def record(session: Session, listen: TestsListener | None) -> Discovery:
    """Run what tests could touch the function, and learn which do.

    In a large suite only files that can reach the function's module run; the whole suite, if no
    test calls it then.

    Raises:
        BaselineError: no test can be run.
        WorkerDied: the worker ended.
    """
    target = session.target
    scope = await asyncio.to_thread(reach.scope, target.workspace, target.file)
    if scope is not None:
        found = await _record(session, scope.files, listen)
        if found.touching:
            return replace(
                found, notes=(scope.note, *found.notes) if scope.left_out else found.notes
            )
    return await _record(session, (), listen)


async def _record(
    session: Session, files: Sequence[str], listen: TestsListener | None
) -> Discovery:
    """Run the tests in ``files``, or the whole suite if there are none."""
    session.processes = False
    notes: list[str] = []
    run = await _run(session, files, listen=listen)
    if await _needs_processes(session, run, files):
        session.processes = True
        notes.append("The tests start processes, so candidates are allowed to do that, too.")
        run = await _run(session, files, listen=listen)
    if not run.done:
        _check_ran(session, run)
        notes.append(judgement.unfinished(run, session.limits.test_timeout))
        run = await _without_the_rest(session, run)
    _check_ran(session, run)
    touching = {
        name: test
        for name, test in (run.entered or run.crashed).items()  # what crashed may have called it
        if test.result.outcome is not TestOutcome.SKIPPED
    }
    numbers = {number for test in touching.values() for number in test.calls}
    return Discovery(
        runner=run.runner,
        collected=run.collected,
        touching=touching,
        calls={number: data for number, data in run.calls.items() if number in numbers},
        unpicklable=run.done.get("unpicklable", 0),
        module=judgement.module_name(run),
        path=tuple(run.done.get("path", ())),
        libraries=tuple(run.done.get("libraries", ())),
        processes=session.processes,
        notes=(*notes, *judgement.remarks(run, touching)),
        arguments=arguments.sentences(run.done.get("arguments")),
    )


async def _run(
    session: Session,
    files: Sequence[str],
    ids: Sequence[str] = (),
    record: bool = True,
    listen: TestsListener | None = None,
) -> SuiteRun:
    wall = session.limits.test_timeout
    job = session.tests_job(session.target.source, wall, record=record, files=files, ids=ids)
    return await run_suite(await session.worker(), job, wall, listen)


async def _without_the_rest(session: Session, run: SuiteRun) -> SuiteRun:
    """Record the tests seen to touch the function once more, as the run did not come to its end."""
    seen = run.entered
    if not seen:
        return run
    second = await _run(session, judgement.files(seen), list(seen))
    second.tests = {**run.tests, **second.tests}
    second.collected = run.collected
    return second


async def _needs_processes(session: Session, run: SuiteRun, files: Sequence[str]) -> bool:
    """Say whether tests that fail would pass if they were allowed to start processes."""
    if session.sandbox.child_filter(False) is None or run.timed_out:
        return False
    fine = (TestOutcome.PASSED, TestOutcome.SKIPPED)
    failing = [name for name, test in run.tests.items() if test.result.outcome not in fine]
    if not failing and not run.errors:
        return False
    own = {run.tests[name].file for name in failing}
    if failing and not run.errors and all(own):
        files, ids = sorted(own), failing
    else:
        ids = []

    async def passing(processes: bool) -> set[str]:
        session.processes = processes
        try:
            again = await _run(session, files, ids, record=False)
        finally:
            session.processes = False
        return {name for name, test in again.tests.items() if test.result.passed}

    repaired = await passing(True) - {n for n, test in run.tests.items() if test.result.passed}
    # Tests that pass by chance, or without others before them, are no reason.
    return bool(repaired) and bool(repaired - await passing(False))


def _check_ran(session: Session, run: SuiteRun) -> None:
    """Raise BaselineError where the run says nothing about the function."""
    if run.timed_out and not run.entered:
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
