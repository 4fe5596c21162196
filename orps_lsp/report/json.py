"""An outcome as JSON: what ``refine --json`` prints and what editors receive."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orps_lsp.search.types import Outcome, Refinement

Json = dict[str, Any]


def to_json(outcome: Outcome) -> Json:
    """One plain object; times in seconds, sizes in bytes, speed-ups as original over candidate."""
    baseline = outcome.baseline
    return {
        "function": outcome.function,
        "intent": outcome.intent.value,
        "model": outcome.model,
        "sandbox": baseline.sandbox,
        "interpreter": baseline.interpreter,
        "method": outcome.method,
        "baseline": {
            "tests": {"passed": baseline.passed, "failed": baseline.failed},
            "runner": baseline.runner,
            "recorded": baseline.recorded,
            "seconds": baseline.seconds,
            "call_seconds": baseline.call_seconds,
            "peak_bytes": baseline.peak_bytes,
            "complexity": asdict(outcome.baseline_complexity),
        },
        "stop_reason": outcome.stop_reason.value,
        "seconds": round(outcome.seconds, 3),
        "tokens": asdict(outcome.usage),
        "candidates": asdict(outcome.counts),
        "refinements": [_refinement(refinement) for refinement in outcome.refinements],
        "notes": [*baseline.notes, *outcome.notes],
    }


def _refinement(refinement: Refinement) -> Json:
    candidate = refinement.candidate
    evaluation, complexity = candidate.evaluation, candidate.complexity
    assert evaluation and complexity
    evidence, speedup = evaluation.evidence, evaluation.speedup
    return {
        "rank": refinement.rank,
        "summary": refinement.summary,
        "tests": {"passed": evaluation.passed, "total": len(evaluation.tests)},
        "evidence": evidence and asdict(evidence),
        "speedup": speedup and asdict(speedup),
        "memory_ratio": evaluation.memory_ratio,
        "complexity": asdict(complexity),
        "score": round(candidate.score, 4),
        "process_reward": candidate.process,
        "outcome_reward": candidate.outcome,
        "critique": candidate.critique,
        "strategy": candidate.strategy,
        "code": candidate.code,
        "diff": refinement.diff,
    }
