"""Run the user's tests with unittest, where their environment has no pytest."""

from __future__ import annotations

import os
import sys
import unittest
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from ..channel import Message
from .testing import Ready, Report

PATTERN = "test*.py"
NO_SOURCES = {"__pycache__", "node_modules", "site-packages", "venv", "build", "dist"}


def run_unittest(job: Message, report: Report, ready: Ready | None = None) -> int:
    """Discover and run; return 0 if all passed, 1 if not, 5 if there are no tests.

    With ``ready`` they are loaded, and it is called with a function that runs them.
    """
    report.runner("unittest {}.{}.{}".format(*sys.version_info[:3]))
    wanted = frozenset(job["ids"])
    tests: list[unittest.TestCase] = []
    files: dict[str, str] = {}
    for start, top in _roots(job["workspace"]):
        loader = _Loader(frozenset(job["files"]), files)
        found = loader.discover(start, PATTERN, top)
        for error in loader.errors:
            lines = str(error).strip().splitlines()
            report.collect_error(lines[0] if lines else start, lines[-1] if lines else "")
        tests += [test for test in _flatten(found) if not _is_failed_import(test)]
    tests = [test for test in tests if not wanted or test.id() in wanted]
    report.collected(len(tests))
    if not tests:
        return 5
    result = _Result(report, files)
    suite = unittest.TestSuite(tests)
    if ready is not None:
        ready(lambda: suite.run(result))
        return 0
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


class _Loader(unittest.TestLoader):
    """Loads ``wanted`` files alone, if there are any; notes which file each test is loaded from.

    A test's class may be written elsewhere: in a module of no test file's name.
    """

    def __init__(self, wanted: frozenset[str], files: dict[str, str]) -> None:
        super().__init__()
        self._wanted = wanted
        self._files = files

    def _match_path(self, path: str, full_path: str, pattern: str) -> bool:
        if self._wanted and os.path.realpath(full_path) not in self._wanted:
            return False
        return fnmatch(path, pattern)

    def loadTestsFromModule(self, module: Any, *args: Any, **kwargs: Any) -> Any:
        suite = super().loadTestsFromModule(module, *args, **kwargs)
        file = getattr(module, "__file__", None)
        for test in _flatten(suite):
            self._files.setdefault(test.id(), os.path.realpath(file) if file else "")
        return suite


def _roots(workspace: str) -> Iterator[tuple[str, str]]:
    """Yield (start, top level) of each tree of test files; packages start where they begin."""
    seen = set()
    for folder, folders, files in os.walk(workspace):
        folders[:] = sorted(
            name
            for name in folders
            if name not in NO_SOURCES
            and not name.startswith(".")
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        if not any(name.startswith("test") and name.endswith(".py") for name in files):
            continue
        start = top = folder
        while os.path.exists(os.path.join(top, "__init__.py")) and top != workspace:
            start, top = top, os.path.dirname(top)
        if start not in seen:
            seen.add(start)
            yield start, top


def _flatten(suite: Any) -> Iterator[Any]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flatten(test)
        else:
            yield test


def _is_failed_import(test: Any) -> bool:
    return type(test).__name__ in ("_FailedTest", "ModuleImportFailure", "LoadTestsFailure")


class _Result(unittest.TestResult):
    """Reports each test as it ends."""

    def __init__(self, report: Report, files: dict[str, str]) -> None:
        super().__init__()
        self._report = report
        self._files = files
        self._outcome = ""
        self._message = ""

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._outcome = ""
        self._message = ""
        self._report.start(test.id())

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        file = self._files.get(test.id(), "")
        self._report.result(test.id(), self._outcome or "passed", self._message, file)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        if not hasattr(test, "_testMethodName"):  # setUpClass or setUpModule failed
            self._report.collect_error(test.id(), _describe(err))
        self._set("error", _describe(err))

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._set("failed", _describe(err))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            self._set("failed" if failed else "error", _describe(err))

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self._set("skipped", reason)

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._set("failed", "It succeeded, which was not expected.")

    def _set(self, outcome: str, message: str) -> None:
        if not self._outcome:  # the first trouble is the cause of the others
            self._outcome, self._message = outcome, message


def _describe(err: Any) -> str:
    message = f"{err[0].__name__}: {err[1]}"
    return message.strip()
