"""What people read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orps_lsp.errors import OrpsError
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
from orps_lsp.lsp import words
from orps_lsp.lsp.jobs import Job, JobState, Work
from orps_lsp.search.types import (
    Candidate,
    Counts,
    Intent,
    Outcome,
    Progress,
    Refinement,
    Status,
    StopReason,
)

TESTS = (TestResult("t1", TestOutcome.PASSED), TestResult("t2", TestOutcome.PASSED))
BASELINE = Baseline(
    tests=(TESTS[0], TestResult("t2", TestOutcome.FAILED)),
    suite_size=2,
    recorded=3,
    unreplayable=0,
    seconds=0.1,
    call_seconds=0.0123,
    peak_bytes=3 * 1024 * 1024,
    sandbox="bubblewrap",
    interpreter="python",
    runner="pytest",
    notes=("A note.",),
)
EVALUATION = Evaluation(
    Verdict.VERIFIED,
    TESTS,
    evidence=Evidence(replayed=310, generated=2000, unchecked=("Threads were not compared.",)),
    speedup=Speedup(2.31, 2.2, 2.4, 11),
    memory_ratio=0.8,
)
CANDIDATE = Candidate(
    id=1,
    parent=0,
    round=1,
    strategy="dict, set | Counter",
    code="",
    status=Status.VERIFIED,
    evaluation=EVALUATION,
    complexity=Complexity(2, 1, 20, 3),
    critique="Good.\n\n[click](command:evil) <b>`x`</b>",
)
BEST = Refinement(1, CANDIDATE, "", "2.3x faster, 2/2 tests")
OUTCOME = Outcome(
    function="m.py::f",
    original="def f(): pass",
    intent=Intent.OPTIMISE,
    model="small",
    method="orps",
    baseline=BASELINE,
    baseline_complexity=Complexity(9, 9, 99, 12),
    stop_reason=StopReason.BUDGET_ROUNDS,
    seconds=12.3,
    usage=Usage(),
    counts=Counts(generated=4, verified=1),
    refinements=(BEST,),
    candidates=(CANDIDATE,),
)
WORK = Work("file:///m.py", Path("m.py"), "", "f", "", None)


def job(state: JobState, outcome: Outcome | None = None, error: Exception | None = None) -> Job:
    return Job(1, WORK, state, outcome=outcome, error=error)


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (Progress("running the tests"), "running the tests"),
        (Progress("round 1/3", counts=Counts(generated=1)), "round 1/3, 1 candidate"),
        (
            Progress("round 2/3", counts=Counts(14), best=BEST, tokens_per_second=44.6),
            "round 2/3, 14 candidates, best 2.3x faster, 2/2 tests, 45 tok/s",
        ),
    ],
)
def test_progress(progress: Progress, expected: str) -> None:
    assert words.progress_line(progress) == expected


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (
            job(JobState.DONE, OUTCOME),
            "1 refinement of `f`: best 2.3x faster, 2/2 tests. All rounds were searched.",
        ),
        (
            job(JobState.DONE, replace(OUTCOME, refinements=())),
            "No better version of `f` was found. All rounds were searched.",
        ),
        (job(JobState.CANCELLED), "Refining `f` was cancelled."),
        (
            job(JobState.FAILED, error=OrpsError("No model.", "Fetch one.")),
            "Refining `f` failed. No model. Fetch one.",
        ),
        (job(JobState.FAILED, error=KeyError("x")), "Refining `f` failed. KeyError: 'x'"),
    ],
)
def test_the_end_of_a_job(ended: Job, expected: str) -> None:
    assert words.end_line(ended) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [(1, "waiting for 1 other search"), (2, "waiting for 2 other searches")],
)
def test_the_queue(position: int, expected: str) -> None:
    assert words.state_line(job(JobState.WAITING), position) == expected


def test_a_stopping_job_says_so() -> None:
    running = job(JobState.RUNNING)
    assert words.state_line(running, 0) == "starting"
    running.stop.set()
    assert words.state_line(running, 0) == "stopping"


def test_the_page_compares_original_and_candidates() -> None:
    page = words.outcome_page(OUTCOME)
    assert "| original | 1/2 | 12 ms | 3.1 MB | 9 (12 lines) |" in page
    offered = r"| #1 dict, set \| Counter | 2/2 | 2.31x (2.20x to 2.40x) | 0.80x | 2 (3 lines) |"
    assert offered in page
    assert "**Evidence**: 2/2 tests pass; 310 recorded and 2,000 generated inputs agree." in page
    assert "**Not checked**: Threads were not compared." in page
    assert "A note." in page and "sandbox: bubblewrap" in page


def test_what_the_model_wrote_stays_text() -> None:
    line = next(line for line in words.outcome_page(OUTCOME).split("\n") if "Critique" in line)
    assert line == r"**Critique of #1**: Good. \[click\](command:evil) \<b\>\`x\`\</b\>"


@pytest.mark.parametrize(
    ("speedup", "expected"),
    [
        (None, "not measured"),
        (Speedup(1.01, 0.98, 1.05, 9), "1.01x (0.98x to 1.05x), within noise"),
        (Speedup(0.5, 0.4, 0.6, 9), "0.50x (0.40x to 0.60x)"),
        (Speedup(2.5, 2.4, 2.6, 9, "wall"), "2.50x (2.40x to 2.60x) in wall time"),
        (Speedup(9, 8, 10, 9, "cpu", 64), "9.00x (8.00x to 10x) on inputs 64 times as large"),
    ],
)
def test_no_noise_is_sold_as_speed(speedup: Speedup | None, expected: str) -> None:
    candidate = replace(CANDIDATE, evaluation=replace(EVALUATION, speedup=speedup))
    page = words.outcome_page(replace(OUTCOME, refinements=(replace(BEST, candidate=candidate),)))
    assert f"| {expected} |" in page


@pytest.mark.parametrize(
    ("seconds", "size", "expected"),
    [
        (2.5, 10, "2.5 s | 10 bytes"),
        (4.2e-5, 2048, "42 us | 2.0 KB"),
        (3e-8, 0, "30 ns | 0 bytes"),
        (None, None, " | "),
    ],
)
def test_units(seconds: float | None, size: int | None, expected: str) -> None:
    baseline = replace(BASELINE, call_seconds=seconds, peak_bytes=size)
    assert f"| 1/2 | {expected} |" in words.outcome_page(replace(OUTCOME, baseline=baseline))
