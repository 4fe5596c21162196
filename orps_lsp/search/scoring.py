"""Rewards, all in [0, 1]: measured outcome, critic's process reward, and their combination.

arXiv 2412.15118, section 3, weighs both alike and lets the outcome saturate with 1/(1+x/c). Here
the outcome works in log ratios to the original, and correctness is a step that no score climbs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from orps_lsp.evaluation.protocol import Evaluation, Verdict
from orps_lsp.evaluation.static import Complexity
from orps_lsp.search.types import Intent

_VERIFIED_FLOOR = 0.5
_DISAGREES = 0.45  # passes every test: closer to right than any that fails one
_UNKNOWN_PROCESS = 0.5
_SMALL_MODEL = 3e9  # parameters; below, the critic was measured to add nothing to the tests


def outcome_reward(
    intent: Intent, evaluation: Evaluation, original: Complexity, candidate: Complexity
) -> float:
    """Reward of what ran: below 0.5 by the share of tests passed, from 0.5 on by the gain."""
    if evaluation.verdict is not Verdict.VERIFIED:
        if evaluation.verdict is Verdict.DISAGREES:
            return _DISAGREES
        total = len(evaluation.tests)
        return 0.4 * evaluation.passed / total if total else 0.0
    return _VERIFIED_FLOOR + (1 - _VERIFIED_FLOOR) * _squash(
        gain(intent, evaluation, original, candidate)
    )


def gain(
    intent: Intent, evaluation: Evaluation, original: Complexity, candidate: Complexity
) -> float:
    """How much better the candidate is at what was asked: a ratio, 1 for "the same"."""
    return speed(evaluation) if intent is Intent.OPTIMISE else simplicity(original, candidate)


def speed(evaluation: Evaluation) -> float:
    """Original's time over the candidate's: of a gain that may be claimed, the best guess.

    That is the middle of its interval: from one measurement of a few rounds to the next, the width
    of an interval differs more than its place.
    """
    if not (speedup := evaluation.speedup):
        return 1.0
    return speedup.median if speedup.claimed else speedup.low


def simplicity(original: Complexity, candidate: Complexity) -> float:
    """Original's complexity over the candidate's: geometric mean over all four measures."""
    ratios = [
        (original.cyclomatic + 1) / (candidate.cyclomatic + 1),
        (original.cognitive + 1) / (candidate.cognitive + 1),
        (original.nodes + 1) / (candidate.nodes + 1),
        (original.lines + 1) / (candidate.lines + 1),
    ]
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def process_reward(probabilities: Sequence[float]) -> float:
    """Expectation of the score over the probabilities of the tokens "1".."n", scaled to [0, 1]."""
    steps = len(probabilities) - 1
    return sum(index * p for index, p in enumerate(probabilities)) / steps


def combine(process: float | None, outcome: float, alpha: float) -> float:
    """q = alpha * process + (1 - alpha) * outcome; without a critique, process is middling.

    The weighted sum is laid into the band of its correctness, so that no critic lifts a failing
    candidate over a verified one.
    """
    weighed = alpha * (_UNKNOWN_PROCESS if process is None else process) + (1 - alpha) * outcome
    if outcome >= _VERIFIED_FLOOR:
        return max(weighed, _VERIFIED_FLOOR)
    return min(weighed, math.nextafter(_VERIFIED_FLOOR, 0))


def default_alpha(parameters: int) -> float:
    """Weight of the critic by its size in parameters; the paper's 0.5 is for 7B and more."""
    return 0.1 if parameters < _SMALL_MODEL else 0.5


def has_critic(parameters: int) -> bool:
    """Whether a model's reviews are worth their tokens in a search; 0: its size is not known."""
    return not parameters or parameters >= _SMALL_MODEL


def _squash(ratio: float) -> float:
    """Logistic in the log ratio: 1x is 0.5, 10x 0.76, 100x 0.91, 1000x 0.97."""
    root = math.sqrt(max(ratio, 0.0))
    return root / (1 + root)
