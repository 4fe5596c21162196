"""Which of several versions that pass the tests is right: what most of them agree on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

_RETURNS = "return"


def agreement(marks: Sequence[Sequence[str]], votes: Sequence[int]) -> list[float]:
    """Return, for each version, the share of the votes that agree with it, over the inputs.

    ``marks`` has a row for each version and in it a mark for each input (see ``Behaviour``);
    ``votes`` says how often each was written. Only inputs count on which most versions return: on
    others nobody knows what the function would be for. Without such inputs all agree.

    After CodeT (arXiv 2207.10397), with the visible tests passed by all and a share in place of its
    all or nothing: one odd input must not part two versions that are the same otherwise.
    """
    total = sum(votes)
    shares = [0.0] * len(marks)
    counted = 0
    for column in zip(*marks, strict=True):
        tally: Counter[str] = Counter()
        for mark, count in zip(column, votes, strict=True):
            tally[mark] += count
        returning = sum(count for mark, count in tally.items() if mark.startswith(_RETURNS))
        if 2 * returning <= total:
            continue
        counted += 1
        for index, mark in enumerate(column):
            shares[index] += tally[mark] / total if mark else 0.0
    return [share / counted for share in shares] if counted else [1.0] * len(marks)
