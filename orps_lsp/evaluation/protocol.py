"""What a search asks of an evaluation, and what it gets back: plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from orps_lsp.errors import OrpsError


class EvaluationError(OrpsError):
    """The evaluation as a whole cannot go on (not: a candidate failed)."""


class InterpreterError(EvaluationError):
    """No usable Python interpreter for the user's project."""


class SandboxUnavailable(EvaluationError):
    """This machine offers no sandbox, or not the one that was asked for."""


class BaselineError(EvaluationError):
    """The user's tests cannot be run at all."""


@dataclass(frozen=True, slots=True)
class Target:
    """The function under refinement.

    ``source`` is the text of ``file`` as the user sees it, unsaved edits included; the file on disk
    is never written and need not agree. ``qualname`` is Python's ``__qualname__`` without
    ``<locals>`` (``outer.inner``, ``Class.method``).
    """

    workspace: Path
    file: Path
    qualname: str
    source: str


class TestOutcome(str, Enum):
    """How a test ended. All but PASSED count as failed."""

    __test__ = False  # the name is the field's; pytest must not collect it

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    MISSING = "missing"  # was there in the baseline, did not run now
    TIMEOUT = "timeout"
    CRASHED = "crashed"  # the process died while it ran


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test's outcome. ``message`` holds the assertion with expected and actual values."""

    __test__ = False

    id: str
    outcome: TestOutcome
    seconds: float = 0.0
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is TestOutcome.PASSED


@dataclass(frozen=True, slots=True)
class HotLine:
    """A line of the function, with its share of the function's time, and how often it ran.

    ``number`` counts from 1 in the file; ``text`` is the line without its indentation.
    """

    number: int
    text: str
    share: float
    runs: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The original function: the tests that touch it, and what it costs.

    ``tests`` are those during which the function was entered (probe at its entry; indirect calls
    count). ``call_seconds`` is the CPU time of one pass over the recorded calls, ``peak_bytes`` the
    tracemalloc peak of such a pass; both are None where nothing could be replayed. ``arguments``
    says what the tests call it with, one sentence a parameter; ``hot_lines`` are those with most of
    the time first, none where all of it is too short to tell.
    """

    tests: tuple[TestResult, ...]
    suite_size: int
    recorded: int
    unreplayable: int
    seconds: float
    call_seconds: float | None
    peak_bytes: int | None
    sandbox: str
    interpreter: str
    runner: str
    notes: tuple[str, ...] = ()
    generated: int = 0  # inputs that no test has, on which the original returns
    arguments: tuple[str, ...] = ()
    hot_lines: tuple[HotLine, ...] = ()

    MINIMUM_GENERATED = 50

    @property
    def comparable(self) -> bool:
        """Whether generated inputs alone are enough to go by, without any test."""
        return self.generated >= self.MINIMUM_GENERATED

    @property
    def passed(self) -> int:
        return sum(test.passed for test in self.tests)

    @property
    def failed(self) -> int:
        return len(self.tests) - self.passed


@dataclass(frozen=True, slots=True)
class Evidence:
    """Inputs on which original and candidate were compared, beyond the tests."""

    replayed: int = 0
    generated: int = 0
    disagreements: int = 0
    first_disagreement: str = ""
    unchecked: tuple[str, ...] = ()  # sentences: what was not compared, and why
    scaled: int = 0  # of the generated ones: recorded inputs made larger
    tolerance: float = 0.0  # relative difference of floats that was let pass; 0: none
    proof: str = ""  # what CrossHair found out, as a sentence; empty: it did not run


@dataclass(frozen=True, slots=True)
class Speedup:
    """Original's time over the candidate's: the middle of ``pairs`` ratios, and its 99 % interval.

    See ``timing/statistics.py``. ``clock`` is ``cpu``, or ``wall`` for functions that mostly wait
    (sleep, files). ``scale`` is how many times larger than the tests' inputs those measured were: 1
    where the tests' own are large enough to show anything.
    """

    median: float
    low: float
    high: float
    pairs: int
    clock: str = "cpu"
    scale: float = 1.0

    MINIMUM_GAIN = 1.03
    NOISE_FLOOR = 1.02  # an identical clone in another process differs by up to 2 %, for good

    @property
    def claimed(self) -> bool:
        """Whether "faster" may be said: see :meth:`is_gain`."""
        return self.is_gain(self.median, self.low)

    @classmethod
    def is_gain(cls, median: float, low: float) -> bool:
        """Say whether a gain is worth a claim, above the noise, and by half (in logs) beyond doubt.

        The last is for machines so busy that neighbouring rounds are slowed alike: what they say is
        wider than its interval.
        """
        return low > cls.NOISE_FLOOR and median >= cls.MINIMUM_GAIN and low >= math.sqrt(median)

    @property
    def conditions(self) -> str:
        """In words, what was measured; empty if that is CPU time on the tests' own inputs."""
        parts = ["in wall time"] if self.clock == "wall" else []
        if self.scale != 1:
            parts.append(f"on inputs {self.scale:g} times as large")
        return " ".join(parts)


class Verdict(str, Enum):
    """What the evaluation of a candidate came to."""

    VERIFIED = "verified"
    FAILED_TESTS = "failed_tests"
    DISAGREES = "disagrees"  # passes the tests, differs from the original on other inputs
    BROKEN = "broken"  # does not import, or never reached the function


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A candidate after it ran. Later steps are None where an earlier one ended it."""

    verdict: Verdict
    tests: tuple[TestResult, ...]
    reason: str = ""
    evidence: Evidence | None = None
    speedup: Speedup | None = None
    memory_ratio: float | None = None  # candidate's peak over the original's

    @property
    def passed(self) -> int:
        return sum(test.passed for test in self.tests)

    @property
    def coverage(self) -> str:
        """Say how many tests passed, in words."""
        return f"{self.passed}/{len(self.tests)} tests" if self.tests else "not covered by tests"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a version does on inputs that all versions get.

    ``marks`` has a text for each input: equal ones for equal results or exceptions, empty where
    there was nothing to compare. ``seconds`` are CPU time for one pass over those that return.
    """

    marks: tuple[str, ...]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TestsProgress:
    """How far a run of the suite is: tests that ended, that there are, that call the function."""

    __test__ = False

    done: int
    collected: int
    touching: int


TestsListener = Callable[[TestsProgress], None]


class Evaluator(Protocol):
    """Runs one target's tests. One evaluation at a time; the baseline comes first."""

    async def baseline(self, listen: TestsListener | None = None) -> Baseline:
        """Run the original; ``listen`` hears after each test how far that is.

        Raises:
            BaselineError: no test can be run (collection fails, pytest is missing, time limit).
        """
        ...

    async def evaluate(self, module_source: str) -> Evaluation:
        """Run the module with a candidate in it: tests, then comparison, then measurement.

        Raises:
            EvaluationError: the evaluator itself broke; a candidate's faults are in the result.
        """
        ...

    async def behaviours(self, modules: Sequence[str]) -> tuple[Behaviour, ...]:
        """Run versions that passed the tests on the same further inputs, to compare them.

        For functions whose original is wrong: then nothing but the other versions can say what a
        result should be.

        Raises:
            EvaluationError: the evaluator itself broke.
        """
        ...

    async def remarks(self) -> tuple[str, ...]:
        """Say, as sentences, what happened during the evaluations that makes them less sure."""
        ...

    async def close(self) -> None:
        """End every process and remove every file of this evaluator. Safe to call twice."""
        ...
