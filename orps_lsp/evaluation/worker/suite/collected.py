"""Tests that are loaded once and run many times: each candidate in a fork, its code swapped in.

The job ``collect`` is a job ``tests`` with the original's text. A job ``collected`` needs "text",
"limits" and "filter" alone; its events are those of ``tests``. Its last one bears
"unswappable": REASON where the candidate needs a module loaded anew, and nothing ran then; and
"stale": true where a test ran the original's code.
"""

from __future__ import annotations

import gc
import os
import stat
from typing import Callable

from ..channel import Channel, Message
from ..loading import probe, substitute
from ..loading.swap import Swap, Unswappable
from . import testing

MAX_DESCRIPTORS = 1024

Serve = Callable[["Collected"], None]


def collect(job: Message, serve: Serve) -> str:
    """Load the tests of ``job``, then call ``serve``, from within the test runner.

    Returns why it did not come to that, or an empty text.
    """
    collected = Collected(job)
    try:
        collected.load(serve)
    except Exception as error:  # a plugin's
        return f"{type(error).__name__}: {error}"
    return "" if collected.served else "the tests cannot be loaded ahead"


class Collected:
    """Loaded tests. ``refused`` says why no candidate can be run with them, if so."""

    def __init__(self, job: Message) -> None:
        self.number = 0
        self.refused = ""
        self.served = False
        self._job = job
        self._early = probe.Recorder(False)  # of the original's code
        self._capture = probe.Capture()
        qualname = job["qualname"]
        self._substitution = substitute.Substitution(
            job["file"],
            job["text"],
            lambda tree: probe.add_capture(probe.add_probe(tree, qualname), qualname),
        )
        self._report = testing.Report(self._early, _Buffer())
        self._run_tests: Callable[[], object] = lambda: None
        self._swap: Swap | None = None
        self._files: set[tuple[int, int]] = set()

    def load(self, serve: Serve) -> None:
        """Load the tests and hand over to ``serve``; see :func:`collect`."""

        def ready(run_tests: Callable[[], object]) -> None:
            self.served = True
            self._run_tests = run_tests
            self._check()
            serve(self)

        try:
            self._swap = Swap(self._job["text"], self._job["qualname"], self._job["file"])
        except Unswappable as error:
            self.refused = str(error)
            self.served = True
            serve(self)
            return
        self._files = _open_files()
        testing.enter(self._job["workspace"])
        self._early.install()
        self._capture.install()
        self._substitution.install()
        testing.run_tests(self._job, self._report, self._substitution, ready)

    def _check(self) -> None:
        channel = self._report.channel
        assert isinstance(channel, _Buffer)
        self.number = channel.number("collected")
        if channel.has("collect_error"):
            self.refused = "some tests cannot be loaded"
        elif self._early.total:  # what it returned is kept somewhere
            self.refused = "the function runs while modules load"
        elif not _open_files() <= self._files:  # candidates would share their position
            self.refused = "something that it loads keeps files open"

    def run(self, job: Message, channel: Channel) -> None:
        """Run the tests with the text of ``job``; called in a fork."""
        gc.enable()
        recorder = probe.Recorder(False)
        recorder.install(probe.SWAPPED)
        self._report.begin(recorder, channel)
        qualname = self._job["qualname"]
        # For tests that load the module only now, or once more.
        self._substitution.replace(
            job["text"], lambda tree: probe.add_probe(tree, qualname, probe.SWAPPED)
        )
        assert self._swap is not None
        try:
            self._swap.apply(job["text"], self._capture.functions)
        except Unswappable as error:
            channel.send({"done": True, "unswappable": str(error)})
            return
        self._run_tests()
        channel.send(
            {
                "done": True,
                "status": 0,
                "loads": 1,
                "entered": recorder.total,
                "stale": self._early.total > 0,
            }
        )


def _open_files() -> set[tuple[int, int]]:
    """Return what is open but devices, each by the numbers of its file system and itself."""
    found = set()
    for fd in range(MAX_DESCRIPTORS):
        try:
            status = os.fstat(fd)
        except OSError:
            continue
        if not stat.S_ISCHR(status.st_mode):
            found.add((status.st_dev, status.st_ino))
    return found


class _Buffer:
    """A channel to nobody: keeps what was said while tests were loaded."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def send(self, message: Message) -> None:
        self._messages.append(message)

    def has(self, field: str) -> bool:
        return any(field in message for message in self._messages)

    def number(self, field: str) -> int:
        return sum(message.get(field, 0) for message in self._messages)
