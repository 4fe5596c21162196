"""Run the user's tests with the pytest of their environment, as their configuration says."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from typing import Any

import pytest

from ..channel import Message
from ..loading.substitute import Substitution
from .testing import Ready, Report, outcome_of

# -x, a coverage report or worker processes of the user's configuration would hide what we look for.
OPTIONS = [
    "-q",
    "--tb=line",
    "--show-capture=no",
    "--maxfail=1000000",
    "--continue-on-collection-errors",
    # The worker imports plugins before pytest does; some projects turn warnings into errors.
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]
FORKED = ["--capture=sys"]  # a file to capture into would be shared by all that fork
PLUGIN_OPTIONS = {"pytest_cov": ["--no-cov"], "xdist": ["-n0"]}


def run_pytest(
    job: Message, report: Report, substitution: Substitution, ready: Ready | None = None
) -> int:
    """Run the whole suite, or the job's tests; return pytest's exit code.

    With ``ready`` they are collected, and it is called where pytest would run them.
    """
    options = list(OPTIONS)
    for module, extra in PLUGIN_OPTIONS.items():
        if importlib.util.find_spec(module) is not None:
            options += extra
    if ready is not None:
        options += FORKED
    # The workspace is read-only; the plugin stays on, because configurations use its options.
    options += ["-o", "cache_dir=" + os.path.join(tempfile.gettempdir(), "pytest-cache")]
    plugin = _Plugin(report, substitution, frozenset(job["ids"]), frozenset(job["files"]), ready)
    return int(pytest.main(options, plugins=[plugin]))


class _Plugin:
    """Reports what happens, and picks the tests to run."""

    def __init__(
        self,
        report: Report,
        substitution: Substitution,
        wanted: frozenset[str],
        files: frozenset[str],
        ready: Ready | None,
    ) -> None:
        self._report = report
        self._substitution = substitution
        self._wanted = wanted
        self._wanted_files = files
        self._ready = ready
        self._phases: dict[str, str] = {}
        self._message = ""
        self._files: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        self._substitution.move_to_front()

    # Files are not named on pytest's command line: that would change its root directory, its
    # configuration, and with them the tests' names.
    if int(pytest.__version__.partition(".")[0]) >= 7:

        def pytest_ignore_collect(self, collection_path: Any) -> Any:
            return self._ignores(str(collection_path))

    else:

        def pytest_ignore_collect(self, path: Any) -> Any:  # type: ignore[misc]
            return self._ignores(str(path))

    def _ignores(self, path: str) -> Any:
        if not self._wanted_files or not path.endswith(".py") or path in self._wanted_files:
            return None
        return True if os.path.basename(path) not in ("conftest.py", "__init__.py") else None

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._report.collect_error(report.nodeid, _crash_message(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        if self._wanted:
            kept = [item for item in items if item.nodeid in self._wanted]
            dropped = [item for item in items if item.nodeid not in self._wanted]
            items[:] = kept
            config.hook.pytest_deselected(items=dropped)
        for item in items:
            path = getattr(item, "path", None) or item.fspath  # pytest before 7 has no path
            self._files[item.nodeid] = str(path)
        self._report.collected(len(items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> Any:
        if self._ready is None:
            return None
        ready, self._ready = self._ready, None
        ready(lambda: session.config.hook.pytest_runtestloop(session=session))
        return True

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._phases = {}
        self._message = ""
        self._report.start(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        outcome = _phase_outcome(report)
        if outcome is None:
            return
        # A test may report a phase more than once (subtests): the worst counts.
        if self._phases.get(report.when, "passed") == "passed":
            self._phases[report.when] = outcome
        if outcome != "passed" and not self._message:
            self._message = _crash_message(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        file = self._files.get(nodeid, "")
        self._report.result(nodeid, outcome_of(self._phases), self._message, file)


def _phase_outcome(report: Any) -> str | None:
    if report.outcome == "skipped" and hasattr(report, "wasxfail"):
        return "passed"  # it failed, as its author expects
    return report.outcome if report.outcome in ("passed", "failed", "skipped") else None


def _crash_message(report: Any) -> str:
    """Return the assertion with its values, rather than a traceback."""
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):  # (file, line, reason) of a skip
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None and crash.message:
        return str(crash.message)
    text = str(getattr(report, "longreprtext", "") or longrepr or "")
    errors = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(errors) or text
