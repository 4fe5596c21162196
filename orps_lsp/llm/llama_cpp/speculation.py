"""Prompt-lookup speculation: guess the next tokens from what stands in the text already.

A refined function repeats much of the original. Where the last tokens of an answer have occurred
before, those that followed then are a guess (a *draft*) at what follows now; it is verified in the
same batch as everything else (Leviathan et al., arXiv 2211.17192, with the n-gram lookup of
Saxena's prompt-lookup decoding). Each token is still drawn by the sequence's own sampler from the
logits at its place, so that a draft changes the speed and not the distribution.

Whether that pays is a matter of the machine: a batch of eight may cost as much as one of five, or
twice as much. So the cost of batches is measured once for a model and build (:class:`Costs`), and
each step takes the number of draft tokens that promises the most tokens a second.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # batches whose cost is measured
_NGRAM = 3
_LONGEST_DRAFT = 8
_WORTH = 1.03  # of promised speed; less is within what the costs are known to
_MEMORY = 0.05  # weight of a new draft token in the share of accepted ones


class Lookup:
    """The places of all n-grams of one sequence's text, prompt and answer."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._next: dict[tuple[int, ...], int] = {}  # n-gram -> where its last follower stands
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Add what was generated."""
        known = self._tokens
        for token in tokens:
            if len(known) >= _NGRAM:
                self._next[tuple(known[-_NGRAM:])] = len(known)
            known.append(token)

    def draft(self) -> list[int]:
        """What followed the last time that the text was as its end is now; maybe nothing."""
        start = self._next.get(tuple(self._tokens[-_NGRAM:]))
        return self._tokens[start : start + _LONGEST_DRAFT] if start is not None else []


class Costs:
    """Seconds that a decode of some tokens takes, between measured sizes by straight lines.

    The same table is used from one run to the next, so that the same requests make the same
    batches: how numbers are rounded depends on a batch's size.
    """

    def __init__(self, seconds: Mapping[int, float]) -> None:
        self._sizes = sorted(seconds)
        # Larger batches never cost less; where it was measured so, something else was running.
        self._seconds = list(accumulate((seconds[size] for size in self._sizes), max))

    def __call__(self, size: int) -> float:
        """Seconds for ``size`` tokens; infinite beyond what was measured."""
        at = bisect.bisect_left(self._sizes, size)
        if at == len(self._sizes):
            return float("inf")
        if self._sizes[at] == size or at == 0:
            return self._seconds[at]
        low, high = self._sizes[at - 1], self._sizes[at]
        share = (size - low) / (high - low)
        return self._seconds[at - 1] + share * (self._seconds[at] - self._seconds[at - 1])


class Speculation:
    """Decides how many draft tokens a step takes, by cost and by how many were right of late."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self.accepted = 0.6  # share of draft tokens that were right, where all before them were

    def pays(self, sequences: int) -> bool:
        """Whether drafts could gain anything, if every sequence had one."""
        return any(self.lengths([_LONGEST_DRAFT] * sequences, _LONGEST_DRAFT * sequences))

    def lengths(self, drafts: Sequence[int], room: int) -> list[int]:
        """How many tokens of each draft to verify, given the lengths of the drafts.

        One draft for each generating sequence, of length 0 where it has none; at most ``room``
        tokens in all.
        """
        base = len(drafts)
        # A draft's n-th token counts if all n are right, so the first ones of all come first.
        order = sorted(
            (depth, index) for index, length in enumerate(drafts) for depth in range(length)
        )[:room]
        best, speed = 0, _WORTH * base / self._costs(base)
        promised = float(base)
        for count, (depth, _) in enumerate(order, 1):
            promised += self.accepted ** (depth + 1)
            if promised / self._costs(base + count) > speed:
                best, speed = count, promised / self._costs(base + count)
        chosen = [0] * base
        for _, index in order[:best]:
            chosen[index] += 1
        return chosen

    def learn(self, verified: int, accepted: int) -> None:
        """Note that of a draft of ``verified`` tokens the first ``accepted`` were right."""
        tried = min(accepted + 1, verified)  # what follows a wrong one was not tried
        for index in range(tried):
            self.accepted += _MEMORY * ((index < accepted) - self.accepted)
