"""What came of the search over one function, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.bench.refine.verification import Check
from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.search.types import Candidate, Outcome, Refinement, Status

IMPROVED = 1.2  # times as fast: what people notice


@dataclass(frozen=True, slots=True)
class Result:
    """A search, and the second verification of its best edit, if there is one.

    ``prepared`` is the seconds from the request to the search's begin: model, sandbox, tests.
    ``error`` says why there is no outcome, or no check.
    """

    project: str
    function: str
    outcome: Outcome | None = None
    prepared: float = 0.0
    check: Check | None = None
    error: str = ""

    @property
    def best(self) -> Refinement | None:
        return self.outcome.refinements[0] if self.outcome and self.outcome.refinements else None

    @property
    def false_win(self) -> bool:
        """Whether the best edit was offered, and did not hold."""
        return self.check is not None and bool(self.check.fault)

    @property
    def gain(self) -> float:
        """The best edit's speed-up by the second measurement, which had no part in choosing it.

        1 where nothing was offered as faster, or it did not hold.
        """
        check = self.check
        if check is None or check.fault or not (check.speedup and check.speedup.claimed):
            return 1.0
        return check.speedup.median

    @property
    def improved(self) -> bool:
        return self.gain >= IMPROVED

    @property
    def steps(self) -> tuple[Candidate, ...]:
        """Each version that was faster than all before it, in the order of judgement."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Candidate]:
        highest = 0.0
        candidates = self.outcome.candidates if self.outcome else ()
        for candidate in sorted(candidates, key=lambda c: c.seconds):
            speedup = claim(candidate)
            if speedup is not None and speedup.low > highest:
                highest = speedup.low
                yield candidate

    @property
    def first_seconds(self) -> float | None:
        """Seconds from the request to the first version that is faster; None: there is none."""
        return self.prepared + self.steps[0].seconds if self.steps else None

    @property
    def best_seconds(self) -> float | None:
        """The same to the best edit."""
        return self.prepared + self.best.candidate.seconds if self.best else None

    @property
    def verdict(self) -> str:
        """In a word or two, for people."""
        if self.error:
            return "error"
        if self.best is None:
            return "nothing"
        if self.false_win:
            return "FALSE WIN"
        return "improved" if self.improved else "holds"

    def to_json(self) -> dict[str, Any]:
        """Return plain data; times in seconds, moments from the request on."""
        data: dict[str, Any] = {
            "project": self.project,
            "function": self.function,
            "verdict": self.verdict,
            "improved": self.improved,
            "gain": round(self.gain, 3),
            "error": self.error,
        }
        if (outcome := self.outcome) is None:
            return data
        return {
            **data,
            "best": _best(self.best),
            "again": _check(self.check),
            "first_s": _seconds(self.first_seconds),
            "best_s": _seconds(self.best_seconds),
            "prepared_s": _seconds(self.prepared),
            "search_s": _seconds(outcome.seconds),
            "steps": [
                {"s": _seconds(self.prepared + c.seconds), "candidate": c.id, **_speedup(claim(c))}
                for c in self.steps
            ],
            "offered": len(outcome.refinements),
            "tokens": asdict(outcome.usage),
            "candidates": asdict(outcome.counts),
            "rounds": max((c.round for c in outcome.candidates), default=0),
            "stop_reason": outcome.stop_reason.value,
            "notes": list(outcome.notes),
            "attempts": [self._attempt(candidate) for candidate in outcome.candidates],
        }

    def _attempt(self, candidate: Candidate) -> dict[str, Any]:
        evaluation = candidate.evaluation
        return {
            "candidate": candidate.id,
            "parent": candidate.parent,
            "round": candidate.round,
            "strategy": candidate.strategy,
            "s": _seconds(self.prepared + candidate.seconds),
            "status": candidate.status.value,
            "reason": candidate.reason,
            **_speedup(evaluation.speedup if evaluation else None),
            "code": candidate.code,
        }


def claim(candidate: Candidate) -> Speedup | None:
    """Return the candidate's speed-up, if it is verified and may be called faster."""
    evaluation = candidate.evaluation
    if candidate.status is not Status.VERIFIED or evaluation is None or evaluation.speedup is None:
        return None
    return evaluation.speedup if evaluation.speedup.claimed else None


def _best(best: Refinement | None) -> dict[str, Any] | None:
    if best is None:
        return None
    candidate = best.candidate
    evaluation = candidate.evaluation
    assert evaluation is not None, "what is offered was evaluated"
    return {
        "summary": best.summary,
        "candidate": candidate.id,
        "round": candidate.round,
        "strategy": candidate.strategy,
        "tests": len(evaluation.tests),
        **_speedup(evaluation.speedup),
        "memory_ratio": evaluation.memory_ratio,
        "evidence": evaluation.evidence and asdict(evaluation.evidence),
        "diff": best.diff,
    }


def _check(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "verdict": check.verdict.value,
        "fault": check.fault,
        **_speedup(check.speedup),
        "inputs": check.inputs,
        "seconds": _seconds(check.seconds),
    }


def _speedup(speedup: Speedup | None) -> dict[str, Any]:
    rounded = speedup and {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(speedup).items()
    }
    return {"speedup": rounded}


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
