"""What a run of the tests says about the original or a candidate, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orps_lsp.evaluation.discovery.suite import Observed, SuiteRun
from orps_lsp.evaluation.protocol import TestOutcome, TestResult, Verdict

_INTERRUPTED = (TestOutcome.CRASHED, TestOutcome.TIMEOUT)
MAX_NAMED = 3  # tests of one kind that a note names


def files(tests: Mapping[str, Observed]) -> tuple[str, ...]:
    """Return the files that these tests are in."""
    return tuple(dict.fromkeys(test.file for test in tests.values() if test.file))


def changed(touching: Mapping[str, Observed], alone: SuiteRun) -> set[str]:
    """Return the tests that end otherwise in ``alone``, or do not run there."""
    results = alone.results
    return {
        name
        for name, test in touching.items()
        if name not in results or results[name].outcome is not test.result.outcome
    }


def undependable(flaky: Sequence[str], dependent: Sequence[str]) -> list[str]:
    """Say which tests prove nothing, and why."""
    notes = []
    if flaky:
        notes.append(f"{_left_out(flaky)}: the outcome changes from run to run ({_few(flaky)}).")
    if dependent:
        notes.append(
            f"{_left_out(dependent)}: without the rest of the suite the outcome was another "
            f"({_few(dependent)})."
        )
    return notes


def _left_out(names: Sequence[str]) -> str:
    return "One test was left out" if len(names) == 1 else f"{len(names)} tests were left out"


def _few(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def module_name(run: SuiteRun) -> str:
    """Return the name under which the tests call the function's module most often."""
    names: Mapping[str, int] = run.done.get("modules", {})
    return max(names, key=lambda name: names[name]) if names else ""


def remarks(run: SuiteRun, touching: Mapping[str, Observed]) -> list[str]:
    """Return what the user should know about the tests, as sentences."""
    notes: list[str] = []
    if not run.tests:
        notes.append("The project has no tests.")
    elif not touching:
        if run.done.get("entered"):
            notes.append("The function runs while modules load, but no test calls it.")
        else:
            notes.append("No test calls the function.")
        if not run.done.get("loads"):
            notes.append("No test imports its module.")
    if run.errors:
        where, message = run.errors[0]
        files = "One test file" if len(run.errors) == 1 else f"{len(run.errors)} test files"
        last = message.splitlines()[-1] if message else "no reason given"
        notes.append(f"{files} could not be collected, first {where}: {last}")
    return notes


def unfinished(run: SuiteRun, limit: float) -> str:
    """Say that not all tests ran."""
    ended = sum(test.result.outcome not in _INTERRUPTED for test in run.tests.values())
    ran = f"{ended} of {run.collected} tests ran"
    if run.timed_out:
        return (
            f"The project's tests did not finish within {limit:g} s; {ran}, and those that call "
            "the function are used. The setting 'test_timeout' gives them longer."
        )
    during = f" during {next(iter(run.crashed))}" if run.crashed else ""
    return f"The tests' process ended before all had run{during}; {ran}."


def not_recorded(unpicklable: int, touched: bool, failing: bool) -> list[str]:
    """Say what of the tests' calls cannot be compared, and why."""
    sentences: list[str] = []
    if not touched:
        return ["No test calls the function, so only generated inputs were compared."]
    if failing:
        sentences.append(
            "Tests of the original fail, so it was compared only on calls of tests that pass."
        )
    if unpicklable:
        calls = "One call has" if unpicklable == 1 else f"{unpicklable} calls have"
        sentences.append(f"{calls} arguments that cannot be copied, so only the tests check them.")
    return sentences


def fault(run: SuiteRun, tests: Sequence[TestResult]) -> tuple[Verdict, str] | None:
    """Say what the tests have against a candidate."""
    failed = [test for test in tests if not test.passed]
    if not failed:
        if not run.done:
            return Verdict.BROKEN, "The tests' process ended before their run was over."
        if not run.done["entered"]:
            return Verdict.BROKEN, "The tests never reached the function."
        return None
    if run.errors and not any(test.passed for test in tests):
        return Verdict.BROKEN, f"The module does not load: {run.errors[0][1]}"
    first = failed[0]
    detail = f": {first.message}" if first.message else ""
    count = f"{len(failed)} of {len(tests)} tests fail"
    return Verdict.FAILED_TESTS, f"{count}; {first.id} ({first.outcome.value}){detail}"
