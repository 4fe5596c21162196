"""The job ``tests``: run the user's tests against a given text of the target's module.

Job: {"kind": "tests", "workspace", "file", "text", "qualname", "record": BOOLEAN,
      "files": [PATH, ...], "ids": [TEST ID, ...] (none: the whole suite), "limits", "filter"}
Events, as they happen:
    {"runner": "pytest 8.3.0"}
    {"collected": NUMBER}
    {"collect_error": WHERE, "message": TEXT}
    {"start": TEST ID}
    {"call": NUMBER, "pickle": BASE64}            a distinct call, once
    {"result": TEST ID, "outcome", "seconds", "message", "file", "entered": NUMBER, "calls": [...]}
    {"done": true, ...}                           see ``run``
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import time
from typing import Any, Callable, Protocol

from ..channel import Channel, Message
from ..loading import modules, probe, substitute

MAX_MESSAGE = 600
MAX_OUTPUT = 4000
INTERNAL_ERROR = 3  # pytest's exit code for it

Ready = Callable[[Callable[[], object]], None]


def run(job: Message, channel: Channel) -> None:
    """Run the tests; report where the function's module came from and what else was loaded."""
    workspace = job["workspace"]
    enter(workspace)
    recorder = probe.Recorder(job["record"])
    recorder.install()
    substitution = substitute.Substitution(
        job["file"], job["text"], lambda tree: probe.add_probe(tree, job["qualname"])
    )
    substitution.install()
    report = Report(recorder, channel)
    output = _redirect_output()
    failure = ""
    try:
        status = run_tests(job, report, substitution)
    except Exception as error:  # a plugin's: results that were reported before it count
        status, failure = INTERNAL_ERROR, f"{type(error).__name__}: {error}"
    report.flush()
    channel.send(
        {
            "done": True,
            "status": status,
            "output": _shorten(f"{_tail(output)}\n{failure}", MAX_OUTPUT),
            "loads": substitution.loads,
            "entered": recorder.total,
            "modules": recorder.modules,
            "unpicklable": recorder.unpicklable,
            "left_out": recorder.left_out,
            "arguments": recorder.arguments.report(),
            "libraries": modules.libraries(workspace) if job["record"] else [],
            "path": [entry for entry in report.path or sys.path if isinstance(entry, str)],
        }
    )


def enter(workspace: str) -> None:
    """Go where the tests expect to be, and make their modules importable."""
    os.chdir(workspace)
    sys.path.insert(0, workspace)
    source = os.path.join(workspace, "src")
    if os.path.isdir(source):
        sys.path.append(source)


def run_tests(
    job: Message,
    report: Report,
    substitution: substitute.Substitution,
    ready: Ready | None = None,
) -> int:
    """Run them with pytest, or with unittest where there is none; return pytest's exit code.

    With ``ready`` the tests are only loaded, and it is called with a function that runs them.
    """
    try:
        import pytest
    except ImportError:
        from .unittest_runner import run_unittest

        return run_unittest(job, report, ready)
    from .pytest_runner import run_pytest

    report.runner("pytest " + pytest.__version__)
    return run_pytest(job, report, substitution, ready)


class Sink(Protocol):
    """Where a report's messages go."""

    def send(self, message: Message) -> None: ...


class Report:
    """What both runners tell: one result per test, with what the probe saw during it."""

    def __init__(self, recorder: probe.Recorder, channel: Sink) -> None:
        self._started = 0.0
        self.path: list[str] = []  # as it was when a test called the function
        self.begin(recorder, channel)

    def begin(self, recorder: probe.Recorder, channel: Sink) -> None:
        """Report to ``channel`` from now on, of what ``recorder`` sees."""
        self._recorder = recorder
        self.channel = channel

    def runner(self, name: str) -> None:
        self.channel.send({"runner": name})

    def collected(self, number: int) -> None:
        self.channel.send({"collected": number})

    def collect_error(self, where: str, message: str) -> None:
        self.channel.send({"collect_error": where, "message": _shorten(message, MAX_OUTPUT)})

    def start(self, test: str) -> None:
        self.flush()
        self._recorder.start_test()
        self.channel.send({"start": test})
        self._started = time.perf_counter()

    def result(self, test: str, outcome: str, message: str, file: str) -> None:
        seconds = time.perf_counter() - self._started
        self.flush()
        if self._recorder.entered:
            self.path = list(sys.path)  # the runner takes back what its configuration added
        self.channel.send(
            {
                "result": test,
                "outcome": outcome,
                "seconds": seconds,
                "message": _shorten(message, MAX_MESSAGE),
                "file": file,
                "entered": self._recorder.entered,
                "calls": sorted(self._recorder.calls),
            }
        )

    def flush(self) -> None:
        """Send the calls recorded since the last time."""
        for number, data in self._recorder.fresh:
            self.channel.send({"call": number, "pickle": base64.b64encode(data).decode()})
        self._recorder.fresh.clear()


def _shorten(text: str, limit: int) -> str:
    # Test output may hold lone surrogates, which are no UTF-8.
    text = text.strip().encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def _redirect_output() -> int | None:
    """Send descriptors 1 and 2 to a file, to quote from when the runner itself fails."""
    try:
        fd, path = tempfile.mkstemp(prefix="orps-output-")
    except OSError:
        return None
    os.unlink(path)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    return fd


def _tail(fd: int | None) -> str:
    if fd is None:
        return ""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    size = os.fstat(fd).st_size
    start = max(0, size - MAX_OUTPUT)
    return os.pread(fd, size - start, start).decode("utf-8", "replace").strip()


def outcome_of(phases: dict[str, str]) -> str:
    """Return a test's outcome from the outcomes of its phases (setup, call, teardown)."""
    values: list[Any] = [phases.get("setup"), phases.get("call"), phases.get("teardown")]
    setup, call, teardown = values
    if setup == "skipped" or call == "skipped":
        return "skipped"
    if setup != "passed":
        return "error"
    if call != "passed":
        return "failed"
    return "passed" if teardown == "passed" else "error"
