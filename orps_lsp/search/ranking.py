"""Which verified candidates are offered, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from orps_lsp.evaluation.protocol import Evaluation
from orps_lsp.evaluation.static import Complexity
from orps_lsp.quantities import ratio
from orps_lsp.search.scoring import gain, simplicity, speed
from orps_lsp.search.types import Candidate, Intent, Status

MOST_OFFERED = 5
_SMALLER = 0.9  # a tenth less memory is worth an offer if the speed is not worse
SIMPLER = 1.05
_STEP = 1.1
_AGREEMENT_STEPS = 20
_SPEED_STEP = 1.25
NOT_SLOWER = 0.97  # the upper end of the interval may say "slower" by the noise floor


def rank(
    intent: Intent, candidates: Iterable[Candidate], original: Complexity
) -> tuple[Candidate, ...]:
    """Order the candidates worth offering: objective, then simplicity, then the critic.

    What another one beats or equals in time, memory and complexity at once is left out.
    """
    worthy = [c for c in candidates if _worth_offering(intent, c, original)]
    worthy.sort(key=lambda c: _key(intent, c, original), reverse=True)
    front: list[Candidate] = []
    for candidate in worthy:
        mine = _costs(candidate, original)
        if not any(dominates(_costs(other, original), mine) for other in front):
            front.append(candidate)
    return tuple(front[:MOST_OFFERED])


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether costs ``a`` are nowhere above ``b``: equal costs dominate, the first found stays."""
    return all(x <= y for x, y in zip(a, b, strict=True))


def _worth_offering(intent: Intent, candidate: Candidate, original: Complexity) -> bool:
    evaluation = candidate.evaluation
    if candidate.status is not Status.VERIFIED or not evaluation or not candidate.complexity:
        return False
    if intent is Intent.FIX:
        return True
    if not _as_fast(evaluation):
        return False
    if intent is Intent.SIMPLIFY:
        return simplicity(original, candidate.complexity) >= SIMPLER
    faster = evaluation.speedup is not None and evaluation.speedup.claimed
    smaller = evaluation.memory_ratio is not None and evaluation.memory_ratio <= _SMALLER
    return faster or (smaller and evaluation.speedup is not None)


def _as_fast(evaluation: Evaluation) -> bool:
    return evaluation.speedup is None or evaluation.speedup.high >= NOT_SLOWER


def _key(intent: Intent, candidate: Candidate, original: Complexity) -> tuple[float, ...]:
    evaluation, complexity = candidate.evaluation, candidate.complexity
    assert evaluation and complexity
    how_simple = simplicity(original, complexity)
    if intent is Intent.FIX:
        objective = (_agreement(candidate), _speed(candidate))
    else:
        objective = (_level(gain(intent, evaluation, original, complexity)), 0)
    return (*objective, how_simple, candidate.process or 0.0)


def _agreement(candidate: Candidate) -> int:
    """Agreement in steps: less is a few odd inputs."""
    return 0 if candidate.agreement is None else round(_AGREEMENT_STEPS * candidate.agreement)


def _speed(candidate: Candidate) -> int:
    """What calls take, higher for less; in big steps, as it was measured once."""
    seconds = candidate.call_seconds
    return -round(math.log(seconds) / math.log(_SPEED_STEP)) if seconds else 0


def _costs(candidate: Candidate, original: Complexity) -> tuple[int, ...]:
    """Levels of time, memory and complexity beside the original's; unknown counts as the same."""
    evaluation, complexity = candidate.evaluation, candidate.complexity
    assert evaluation and complexity
    return (
        -_agreement(candidate),
        -_speed(candidate),
        -_level(speed(evaluation)),
        _level(evaluation.memory_ratio) if evaluation.memory_ratio else 0,
        -_level(simplicity(original, complexity)),
    )


def _level(ratio: float) -> int:
    """A ratio in steps of a tenth: differences below that are for the next criterion to decide."""
    return round(math.log(max(ratio, 1e-9)) / math.log(_STEP))


def summary(intent: Intent, candidate: Candidate, original: Complexity) -> str:
    """One line for a menu: "2.31x faster, 14/14 tests"."""
    evaluation, complexity = candidate.evaluation, candidate.complexity
    assert evaluation and complexity
    parts = []
    if evaluation.speedup and evaluation.speedup.claimed:
        faster = f"{ratio(evaluation.speedup.median)} faster"
        parts.append(f"{faster} {evaluation.speedup.conditions}".strip())
    if evaluation.memory_ratio is not None and evaluation.memory_ratio <= _SMALLER:
        parts.append(f"{1 - evaluation.memory_ratio:.0%} less memory")
    if intent is not Intent.OPTIMISE and (factor := simplicity(original, complexity)) >= SIMPLER:
        parts.append(f"{factor:.2g}x simpler")
    if intent is Intent.FIX:
        parts.insert(0, "fixed")
        if candidate.agreement is not None:
            parts.append(f"{candidate.agreement:.0%} of the fixes agree with it")
    parts.append(evaluation.coverage)
    return ", ".join(parts)
