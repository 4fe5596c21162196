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
from typing import NamedTuple

# Batches whose cost is measured. The small ones all: kernels work in blocks, so that one of five
# tokens may take longer than one of six.
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32)
_NGRAM = 3
_LONGEST_DRAFT = 8
_WORTH = 1.05
_MEMORY = 0.05  # weight of a new draft token in the share of right ones
_LONGEST_MATCH = 12
# The longer the match before it, the likelier a draft token is right: the shares to begin with, as
# measured on a search (temperature 0.8 to 1.1), for matches up to 3, 4, 8, and longer ones.
_LONGER_THAN = (3, 4, 8)
_RIGHT = (0.5, 0.7, 0.8, 0.93)


class Draft(NamedTuple):
    """A guess at what follows. ``match``: as many tokens before it were found in the text."""

    tokens: list[int]
    match: int


NOTHING = Draft([], 0)


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

    def draft(self) -> Draft:
        """What followed the last time that the text was as its end is now; maybe nothing."""
        tokens = self._tokens
        start = self._next.get(tuple(tokens[-_NGRAM:]))
        if start is None:
            return NOTHING
        match = _NGRAM
        while match < _LONGEST_MATCH and match < start:
            if tokens[start - match - 1] != tokens[-match - 1]:
                break
            match += 1
        return Draft(tokens[start : start + _LONGEST_DRAFT], match)


class Costs:
    """Seconds that a decode of some tokens takes, between measured sizes by straight lines.

    The same table is used from one run to the next, so that the same requests make the same
    batches: how numbers are rounded depends on a batch's size.
    """

    def __init__(self, seconds: Mapping[int, float]) -> None:
        self._sizes = sorted(seconds)
        self._seconds = [seconds[size] for size in self._sizes]

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
        self._right = list(_RIGHT)

    def pays(self, sequences: int) -> bool:
        """Whether drafts could gain anything, if every sequence had a long one."""
        best = Draft([0] * _LONGEST_DRAFT, _LONGEST_MATCH)
        return any(self.lengths([best] * sequences, _LONGEST_DRAFT * sequences))

    def lengths(self, drafts: Sequence[Draft], room: int) -> list[int]:
        """How many tokens of each draft to verify, at most ``room`` in all.

        There is one draft for each generating sequence, an empty one where nothing was found.
        """
        options: list[tuple[float, int]] = []
        for index, draft in enumerate(drafts):
            chance = 1.0  # that this token counts: it and all before it are right
            for depth in range(len(draft.tokens)):
                chance *= self._right[_bucket(draft.match + depth)]
                options.append((chance, index))
        options.sort(key=lambda option: -option[0])
        base = len(drafts)
        best, speed = 0, _WORTH * base / self._costs(base)
        promised = float(base)
        for count, (chance, _) in enumerate(options[:room], 1):
            promised += chance
            if promised / self._costs(base + count) > speed:
                best, speed = count, promised / self._costs(base + count)
        chosen = [0] * base
        for _, index in options[:best]:
            chosen[index] += 1
        return chosen

    def learn(self, match: int, verified: int, accepted: int) -> None:
        """Note that of a draft's first ``verified`` tokens ``accepted`` were right."""
        tried = min(accepted + 1, verified)  # what follows a wrong one was not tried
        for index in range(tried):
            bucket = _bucket(match + index)
            self._right[bucket] += _MEMORY * ((index < accepted) - self._right[bucket])


def _bucket(match: int) -> int:
    return bisect.bisect_right(_LONGER_THAN, match - 1)
