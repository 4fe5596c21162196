"""Outcomes for the tests of reports: by hand, so that each can hold what no real search would."""

from __future__ import annotations

from dataclasses import replace

from orps_lsp.evaluation.protocol import (
    Baseline,
    Evaluation,
    Evidence,
    Speedup,
    TestOutcome,
    TestResult,
    Verdict,
)
from orps_lsp.evaluation.static import Complexity
from orps_lsp.llm.protocol import Usage
from orps_lsp.search.types import (
    Candidate,
    Counts,
    Intent,
    Outcome,
    Refinement,
    Status,
    StopReason,
)
from orps_lsp.source.diff import unified

ORIGINAL = '''\
def total(values):
    """Add up the values.

    Nothing else.
    """
    result = 0
    for value in values:
        result = result + value
    return result
'''
CODE = "import math\n\n\ndef total(values):\n    return math.fsum(values)\n"
REFINED = '''\
import math


def total(values):
    """Add up the values.

    Nothing else.
    """
    return math.fsum(values)
'''
COMPLEX, SIMPLE = Complexity(2, 1, 20, 5), Complexity(1, 0, 9, 2)
FEW = 4  # tests


def results(failing: int = 0, message: str = "assert 3 == 4") -> tuple[TestResult, ...]:
    """The last ``failing`` of them fail."""
    return tuple(
        TestResult(f"tests/test_total.py::test_{index}", TestOutcome.FAILED, 0.002, message)
        if index >= FEW - failing
        else TestResult(f"tests/test_total.py::test_{index}", TestOutcome.PASSED, 0.001)
        for index in range(FEW)
    )


def verified(speedup: float | None = 2.5, **evidence: object) -> Evaluation:
    return Evaluation(
        Verdict.VERIFIED,
        results(),
        evidence=replace(Evidence(replayed=10, generated=20), **evidence),  # type: ignore[arg-type]
        speedup=Speedup(speedup, speedup * 0.9, speedup * 1.1, 9) if speedup else None,
        memory_ratio=0.5,
    )


def candidate(
    number: int,
    status: Status = Status.FAILED,
    parent: int | None = None,
    depth: int = 1,
    **more: object,
) -> Candidate:
    """A candidate of ``status`` with an evaluation that fits; ``more`` is set on it."""
    made = Candidate(number, parent, depth, "hashing", CODE, status, seconds=3.0 * number)
    if status is Status.VERIFIED:
        made = replace(made, evaluation=verified(), complexity=SIMPLE, outcome=0.8, score=0.75)
    elif status is Status.FAILED:
        evaluation = Evaluation(Verdict.FAILED_TESTS, results(1), "1 of 4 tests fail")
        made = replace(
            made, evaluation=evaluation, complexity=SIMPLE, reason=evaluation.reason, score=0.3
        )
    else:
        made = replace(made, reason="The same as an earlier one.")
    return replace(made, **more)  # type: ignore[arg-type]


def outcome(*candidates: Candidate, offered: tuple[int, ...] = (), **more: object) -> Outcome:
    """An outcome of ``candidates``; those numbered in ``offered`` are its refinements, in order."""
    by_id = {c.id: c for c in candidates}
    statuses = [c.status for c in candidates]
    made = Outcome(
        function="pkg/sums.py::total",
        original=ORIGINAL,
        intent=Intent.OPTIMISE,
        model="scripted",
        method="orps",
        baseline=Baseline(
            tests=results(),
            suite_size=9,
            recorded=10,
            unreplayable=0,
            seconds=0.2,
            call_seconds=0.01,
            peak_bytes=2048,
            sandbox="bubblewrap",
            interpreter="/home/somebody/.venv/bin/python (Python 3.12.1)",
            runner="pytest 9",
        ),
        baseline_complexity=COMPLEX,
        stop_reason=StopReason.CONVERGED,
        seconds=60.0,
        usage=Usage(prompt=1000, reused=900, generated=200),
        counts=Counts(
            len(statuses),
            statuses.count(Status.DUPLICATE),
            statuses.count(Status.SCREENED_OUT),
            statuses.count(Status.FAILED),
            statuses.count(Status.VERIFIED),
        ),
        refinements=tuple(
            Refinement(
                rank,
                by_id[number],
                unified(ORIGINAL, REFINED, "pkg/sums.py"),
                "2.5x faster, 4/4 tests",
            )
            for rank, number in enumerate(offered, 1)
        ),
        candidates=candidates,
    )
    return replace(made, **more)  # type: ignore[arg-type]
