"""Run the job ``tests`` and put its events together."""

from __future__ import annotations

import asyncio
import base64
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orps_lsp.evaluation.client import End, Event, Worker, reading
from orps_lsp.evaluation.protocol import (
    TestOutcome,
    TestResult,
    TestsListener,
    TestsProgress,
)


@dataclass(frozen=True, slots=True)
class Observed:
    """One test as it ran: its result, where it is, and what the probe saw during it."""

    result: TestResult
    file: str
    entered: int
    calls: tuple[int, ...]


@dataclass(slots=True)
class SuiteRun:
    """What a run of the tests told until it ended.

    ``calls`` are the recorded calls as pickles, by number. ``done`` holds the run's last event and
    is empty where the process ended before it; ``end`` says how. ``running`` is a test that did not
    end.
    """

    runner: str = ""
    collected: int = 0
    tests: dict[str, Observed] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    calls: dict[int, bytes] = field(default_factory=dict)
    done: Event = field(default_factory=dict)
    running: str | None = None
    end: End | None = None
    seconds: float = 0.0

    @property
    def results(self) -> dict[str, TestResult]:
        return {name: test.result for name, test in self.tests.items()}

    @property
    def entered(self) -> dict[str, Observed]:
        """The tests that ended and during which the function was entered."""
        return {name: test for name, test in self.tests.items() if test.entered}

    @property
    def crashed(self) -> dict[str, Observed]:
        """The test that ran when the process ended, if one did."""
        outcome = TestOutcome.CRASHED
        return {name: test for name, test in self.tests.items() if test.result.outcome is outcome}

    @property
    def timed_out(self) -> bool:
        return self.end is not None and (
            self.end.reason == "wall"
            or (self.end.reason == "signal" and self.end.status == signal.SIGXCPU)
        )


async def run_suite(
    worker: Worker, job: Mapping[str, Any], wall: float, listen: TestsListener | None = None
) -> SuiteRun:
    """Run ``job`` in a child for at most ``wall`` seconds; ``listen`` hears of each test's end.

    Raises:
        WorkerDied: the whole worker is gone.
    """
    run = SuiteRun()
    clock = asyncio.get_running_loop().time
    start = clock()
    async with worker.child(job, wall) as child:
        async for event in child.events():
            with reading():
                _take(run, event)
            if "result" in event and listen is not None:
                listen(TestsProgress(len(run.tests), run.collected, len(run.entered)))
        run.end = child.end
    run.seconds = clock() - start
    if run.running is not None:
        run.tests[run.running] = Observed(_interrupted(run.running, run), "", 0, ())
    return run


def _take(run: SuiteRun, event: Event) -> None:
    """Add what an event tells."""
    if "start" in event:
        run.running = str(event["start"])
    elif "result" in event:
        run.running = None
        run.tests[str(event["result"])] = _observed(event)
    elif "call" in event:
        run.calls[int(event["call"])] = base64.b64decode(event["pickle"])
    elif "collect_error" in event:
        run.errors.append((str(event["collect_error"]), str(event["message"])))
    elif "broke" in event:
        run.errors.append(("the test runner", str(event["broke"])))
    elif "done" in event:
        run.done = {**event, "entered": int(event.get("entered", 0))}
    else:
        run.runner = str(event.get("runner", run.runner))
        run.collected = int(event.get("collected", run.collected))


def _observed(event: Event) -> Observed:
    result = TestResult(
        id=str(event["result"]),
        outcome=TestOutcome(event["outcome"]),
        seconds=float(event["seconds"]),
        message=str(event["message"]),
    )
    calls = tuple(int(number) for number in event["calls"])
    return Observed(result, str(event["file"]), int(event["entered"]), calls)


def _interrupted(test: str, run: SuiteRun) -> TestResult:
    """Describe the test that ran when the process ended."""
    if run.timed_out:
        message = "It had not finished when its time was over."
        return TestResult(test, TestOutcome.TIMEOUT, message=message)
    how = "The process ended while it ran"
    if run.end is not None and run.end.fault:
        how += f": it {run.end.fault}"
    elif run.end is not None and run.end.reason == "signal":
        how += f" ({signal.Signals(run.end.status).name})"
    elif run.end is not None:
        how += f" (exit status {run.end.status})"
    return TestResult(test, TestOutcome.CRASHED, message=how + ".")


def in_order(wanted: Sequence[TestResult], run: SuiteRun) -> tuple[TestResult, ...]:
    """Return the results of the tests ``wanted``; what did not run is MISSING."""
    results = run.results
    missing = [
        TestResult(test.id, TestOutcome.MISSING, message="It did not run.")
        for test in wanted
        if test.id not in results
    ]
    absent = {test.id: test for test in missing}
    return tuple(results.get(test.id) or absent[test.id] for test in wanted)
