"""Step-labelled traces: a row for each path of the search tree.

``prompt``, ``completions`` and ``labels`` are what TRL's PRMTrainer reads (its type "stepwise
supervision"); the other columns are for those who want more than right or wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from orps_lsp.traces.rows import Json, messages, meta, number
from orps_lsp.traces.types import Step, Trace


def rows(trace: Trace) -> Iterator[Json]:
    """Return the rows of a search. Two paths that begin alike both have the steps they share."""
    for path in trace.paths():
        request = path[0].prompt
        yield {
            "prompt": "\n\n".join(message.content for message in request),
            "completions": [step.answer for step in path],
            "labels": [step.verified for step in path],
            "request": messages(request),
            "steps": [_step(trace, step) for step in path],
            "meta": meta(trace),
        }


def _step(trace: Trace, step: Step) -> Json:
    speedup = step.speedup
    return {
        "id": step.id,
        "round": step.round,
        "strategy": step.strategy,
        "code": step.code,
        "verdict": step.label,
        "correct": step.verified,
        "observation": step.observation,
        "critique": step.critique,
        "outcome": step.outcome,
        "potential": trace.potential(step),
        "process_reward": step.process,
        "score": step.score,
        "tests_passed": step.passed,
        "tests": step.tests,
        "inputs_compared": step.replayed + step.generated,
        "disagreements": step.disagreements,
        "speedup": number(speedup.median) if speedup else None,
        "speedup_low": number(speedup.low) if speedup else None,
        "speedup_high": number(speedup.high) if speedup else None,
        "speedup_claimed": bool(speedup and speedup.claimed),
        "memory_ratio": number(step.memory_ratio),
        "agreement": step.agreement,
        "rank": step.rank,
        "tokens": step.tokens,
    }
