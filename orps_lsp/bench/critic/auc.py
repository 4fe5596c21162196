"""Area under the ROC curve: how surely a score puts what is right above what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def auc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """Share of the pairs of a right and a wrong one that a score orders so; ties are half a pair.

    None where there is no such pair.
    """
    won, pairs = _won(scores, right)
    return won / pairs if pairs else None


def auc_within(groups: Iterable[tuple[Sequence[float], Sequence[bool]]]) -> float | None:
    """The same over the pairs of the same group alone: of the same task."""
    found = [_won(scores, right) for scores, right in groups]
    pairs = sum(count for _, count in found)
    return sum(won for won, _ in found) / pairs if pairs else None


def _won(scores: Sequence[float], right: Sequence[bool]) -> tuple[float, int]:
    good = [score for score, ok in zip(scores, right, strict=True) if ok]
    bad = [score for score, ok in zip(scores, right, strict=True) if not ok]
    won = sum((a > b) + 0.5 * (a == b) for a in good for b in bad)
    return won, len(good) * len(bad)
