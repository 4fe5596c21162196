"""What a page says of numbers and verdicts, in words."""

from __future__ import annotations

from orps_lsp.evaluation.protocol import Baseline, Evaluation, Speedup, Verdict
from orps_lsp.evaluation.static import Complexity
from orps_lsp.quantities import count, duration, ratio, size
from orps_lsp.search.types import Candidate, Outcome, Status

__all__ = [
    "STATUS",
    "baseline_tests",
    "compared",
    "complexity",
    "count",
    "duration",
    "interpreter",
    "interval",
    "memory",
    "ratio",
    "result",
    "size",
    "verdict",
    "whereabouts",
]

STATUS = {
    Status.VERIFIED: "verified",
    Status.FAILED: "failed",
    Status.SCREENED_OUT: "screened out",
    Status.DUPLICATE: "duplicate",
}


def interval(speedup: Speedup) -> str:
    """The interval and what was measured: "54.8x to 739x, 4 pairs, in wall time"."""
    pairs = f"{ratio(speedup.low)} to {ratio(speedup.high)}, {count(speedup.pairs, 'pair')}"
    return f"{pairs}, {speedup.conditions}" if speedup.conditions else pairs


def memory(factor: float | None, original: int | None) -> str:
    """ "1.30x, 14 MB": against the original's peak, and in bytes."""
    if factor is None:
        return "not measured"
    return f"{ratio(factor)}, {size(round(factor * original))}" if original else ratio(factor)


def complexity(value: Complexity) -> str:
    lines = count(value.lines, "line")
    return f"cyclomatic {value.cyclomatic}, cognitive {value.cognitive}, {lines}"


def baseline_tests(baseline: Baseline) -> str:
    if not baseline.tests:
        inputs = count(baseline.generated, "generated input")
        return f"not covered by tests; {inputs} stand in for them"
    return f"{baseline.passed}/{len(baseline.tests)} tests"


def interpreter(baseline: Baseline) -> str:
    """Its name and version. Pages are passed on: in which folder it lies stays here."""
    return baseline.interpreter.rpartition("/")[2]


def compared(evaluation: Evaluation) -> str:
    """On how many inputs original and version agree, and how closely."""
    evidence = evaluation.evidence
    if evidence is None:
        return "not compared"
    inputs = f"{evidence.replayed} recorded and {evidence.generated} generated inputs"
    if evidence.disagreements:
        return f"differs on {evidence.disagreements} of {inputs}"
    close = f", floats within {evidence.tolerance:g}" if evidence.tolerance else ""
    return f"agrees on {inputs}{close}"


def result(candidate: Candidate) -> str:
    """What became of a candidate, in two or three words: "201x", "6/10 tests"."""
    evaluation = candidate.evaluation
    if evaluation is None:
        return STATUS[candidate.status]
    if candidate.status is Status.VERIFIED:
        if evaluation.speedup is None:
            return evaluation.coverage if evaluation.tests else "verified"
        return ratio(evaluation.speedup.median)
    if evaluation.verdict is Verdict.DISAGREES:
        return "differs"
    if evaluation.verdict is Verdict.BROKEN or not evaluation.tests:
        return "broken" if evaluation.verdict is Verdict.BROKEN else "failed"
    return evaluation.coverage


def verdict(outcome: Outcome) -> str:
    """The first sentence of the page."""
    if not outcome.refinements:
        return "Nothing better was found."
    return f"{count(len(outcome.refinements), 'refinement')}; the best: " + (
        f"{outcome.refinements[0].summary}."
    )


def whereabouts(outcome: Outcome) -> str:
    """Where the candidates went: "10 verified, 12 failed, 2 duplicates"."""
    counts = outcome.counts
    parts = [
        (counts.verified, "verified"),
        (counts.failed, "failed"),
        (counts.screened_out, "screened out"),
        (counts.duplicates, "duplicate" if counts.duplicates == 1 else "duplicates"),
    ]
    return ", ".join(f"{number} {name}" for number, name in parts if number) or "none"
