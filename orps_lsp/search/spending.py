"""What a search has spent of its budget, and whether there is enough for one more answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from orps_lsp.llm.protocol import Completion, Usage
from orps_lsp.search.types import Budget, StopReason

_CRITIQUE_SHARE = 0.1  # of the seconds: kept for the critics of the best when generation must end
_CRITIQUE_SECONDS = 15.0
_EXPECTED_TOKENS = 150  # of an answer, before there is one


class Finished(Exception):
    """A budget is used up."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Spending:
    """Seconds, tokens and candidates of one search, beside its :class:`Budget`."""

    def __init__(self, budget: Budget, clock: Callable[[], float]) -> None:
        self.budget = budget
        self.usage = Usage()
        self.planned = 0  # candidates that have a number
        self._clock = clock
        self._started = clock()
        self._answers = 0
        self._written = 0  # tokens of the answers
        self._longest = 0

    @property
    def seconds(self) -> float:
        """Seconds since the search began."""
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float | None:
        return self.budget.seconds - self.seconds if self.budget.seconds else None

    @property
    def candidates_left(self) -> int | None:
        return self.budget.candidates - self.planned if self.budget.candidates else None

    @property
    def answers_left(self) -> int | None:
        """About how many more answers the budgets allow; None: as many as there is time for."""
        limits = [] if self.candidates_left is None else [self.candidates_left]
        if self.budget.tokens:
            left = self.budget.tokens - self.usage.generated
            limits.append(math.ceil(max(0, left) / self._expected_tokens))
        return min(limits, default=None)

    @property
    def generation_left(self) -> float | None:
        """Seconds until generation must end, so that the best can still be criticised."""
        left = self.seconds_left
        if left is None:
            return None
        return left - min(_CRITIQUE_SECONDS, _CRITIQUE_SHARE * self.budget.seconds)

    @property
    def has_tokens(self) -> bool:
        return not self.budget.tokens or self.usage.generated < self.budget.tokens

    def number(self) -> int:
        """Give a candidate its number, from 1 on."""
        self.planned += 1
        return self.planned

    def answered(self, completion: Completion) -> None:
        """Note how long an answer was; its usage is in ``usage`` by itself."""
        self._answers += 1
        self._written += completion.usage.generated
        self._longest = max(self._longest, completion.usage.generated)

    def affords(self, running: int) -> bool:
        """Whether there are tokens for one more answer, beside those that are being written.

        What was begun is finished: half an answer would be tokens for nothing.
        """
        if not self.budget.tokens:
            return True
        # Answers that are there first are short ones: the others may be as long as the longest.
        each = max(_EXPECTED_TOKENS, self._longest)
        return self.usage.generated + running * each < self.budget.tokens

    def check_time(self) -> None:
        """Raise :class:`Finished` if no more may be generated."""
        left = self.generation_left
        if left is not None and left <= 0:
            raise Finished(StopReason.BUDGET_SECONDS)

    def check(self) -> None:
        """Raise :class:`Finished` if no more may be generated, or no more tokens are left."""
        self.check_time()
        if not self.has_tokens:
            raise Finished(StopReason.BUDGET_TOKENS)

    @property
    def _expected_tokens(self) -> float:
        return max(1.0, self._written / self._answers) if self._answers else _EXPECTED_TOKENS
