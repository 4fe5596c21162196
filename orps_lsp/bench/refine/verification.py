"""Verify once more what a search offered: other inputs, many more of them, a longer measurement."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from orps_lsp.config import Settings
from orps_lsp.evaluation.evaluator import open_evaluator
from orps_lsp.evaluation.limits import Effort
from orps_lsp.evaluation.protocol import Evaluation, Speedup, Target, Verdict
from orps_lsp.evaluation.timing import statistics

TIMES = 10  # as many inputs as a search has
EFFORT = Effort(seed=1, inputs=TIMES, rounds=statistics.MAX_ROUNDS, seconds=30.0)


@dataclass(frozen=True, slots=True)
class Check:
    """What the second verification of an edit came to; ``fault`` is empty if the edit holds.

    ``inputs`` is the number of those on which it was compared with the original. ``seconds`` is
    what all of it took.
    """

    verdict: Verdict
    fault: str
    speedup: Speedup | None
    inputs: int
    seconds: float


async def verify(
    target: Target, module: str, faster: bool, settings: Settings, effort: Effort = EFFORT
) -> Check:
    """Verify the edit that makes ``module`` of the target's file, with an evaluator of its own.

    ``faster`` says whether it was offered as faster; then that must show again.

    Raises:
        EvaluationError: the evaluation as a whole is not possible.
    """
    start = time.monotonic()
    settings = replace(settings, prove_seconds=TIMES * settings.prove_seconds)
    evaluator = await open_evaluator(target, settings, effort)
    try:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(module)
    finally:
        await evaluator.close()
    evidence = evaluation.evidence
    return Check(
        verdict=evaluation.verdict,
        fault=fault(evaluation, faster),
        speedup=evaluation.speedup,
        inputs=evidence.replayed + evidence.generated if evidence else 0,
        seconds=time.monotonic() - start,
    )


def fault(evaluation: Evaluation, faster: bool) -> str:
    """Say what the second verification has against an edit that the first one let pass."""
    if evaluation.verdict is not Verdict.VERIFIED:
        return f"{evaluation.verdict.value}: {evaluation.reason}"
    speedup = evaluation.speedup
    if not faster or (speedup is not None and speedup.claimed):
        return ""
    if speedup is None:
        notes = " ".join(evaluation.evidence.unchecked) if evaluation.evidence else ""
        return f"not_faster: its speed could not be measured again. {notes}".rstrip()
    low, high = speedup.low, speedup.high
    return f"not_faster: {speedup.median:.2f}x ({low:.2f} to {high:.2f}) is no claim."
