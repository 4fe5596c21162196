"""What a run of the tests says about the original or a candidate, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orps_lsp.evaluation.discovery.suite import Observed, SuiteRun
from orps_lsp.evaluation.protocol import TestResult, Verdict


def files(tests: Mapping[str, Observed]) -> tuple[str, ...]:
    """Return the files that these tests are in."""
    return tuple(dict.fromkeys(test.file for test in tests.values() if test.file))


def dependable(
    touching: Mapping[str, Observed], warm: SuiteRun, notes: list[str]
) -> dict[str, Observed]:
    """Leave out tests that end otherwise without the rest of the suite: they prove nothing."""
    kept = {
        name: test
        for name, test in touching.items()
        if name in warm.tests and warm.tests[name].result.outcome is test.result.outcome
    }
    if len(kept) < len(touching):
        left_out = [name for name in touching if name not in kept]
        tests = "One test was" if len(left_out) == 1 else f"{len(left_out)} tests were"
        notes.append(f"{tests} left out: the outcome changes from run to run ({left_out[0]}).")
    return kept


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
    if not run.done:
        notes.append("The tests' process ended before all had run.")
    return notes


def not_recorded(run: SuiteRun, touched: bool, failing: bool) -> list[str]:
    """Say what of the tests' calls cannot be compared, and why."""
    sentences: list[str] = []
    if not touched:
        return ["No test calls the function, so there are no inputs to compare on."]
    if failing:
        sentences.append(
            "Tests of the original fail, so it was compared only on calls of tests that pass."
        )
    unpicklable = run.done.get("unpicklable", 0)
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
