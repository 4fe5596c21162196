"""A search as it is kept: all that training may want, and no whole files.

The format is its own, so that traces outlive changes of the search's types: new fields have
defaults, and what cannot be read any more is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orps_lsp.evaluation.protocol import Speedup, Verdict
from orps_lsp.evaluation.static import Complexity
from orps_lsp.llm.protocol import Message
from orps_lsp.search.strategies import RULE
from orps_lsp.search.types import Intent, Status, StopReason


@dataclass(frozen=True, slots=True)
class Step:
    """One version: how it came about, what ran, what was said of it.

    ``conversation`` ends with the answer, its prefill included. ``observation`` is what ran, in
    words. ``process``, ``outcome`` and ``score`` are rewards in [0, 1]; only the first and the last
    have the critic in them. ``rank`` is its place among what was offered. A duplicate and what was
    refused before it ran have no ``verdict``.
    """

    id: int
    parent: int | None
    round: int
    strategy: str
    status: Status
    conversation: tuple[Message, ...]
    code: str
    reason: str
    observation: str
    verdict: Verdict | None
    passed: int  # tests
    tests: int
    replayed: int  # inputs on which it was compared with the original: recorded ones
    generated: int
    disagreements: int
    speedup: Speedup | None
    memory_ratio: float | None
    complexity: Complexity | None
    critique: str
    process: float | None
    outcome: float
    score: float
    rank: int | None
    tokens: int
    seconds: float
    agreement: float | None = None  # of the search's fixes, on inputs that no test has

    @property
    def verified(self) -> bool:
        return self.verdict is Verdict.VERIFIED

    @property
    def judged(self) -> bool:
        """Whether something is known of it: a duplicate is only known to be one."""
        return self.status is not Status.DUPLICATE and bool(self.conversation)

    @property
    def by_rule(self) -> bool:
        """Whether a rule made it: no model is to be taught by that what it would write."""
        return self.strategy.startswith(RULE)

    @property
    def label(self) -> str:
        """The verdict, or what took its place."""
        return self.verdict.value if self.verdict else self.status.value

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The messages that it answers."""
        return self.conversation[:-1]

    @property
    def answer(self) -> str:
        """All of the assistant's turn: the prefill, and what the model wrote behind it."""
        return self.conversation[-1].content


@dataclass(frozen=True, slots=True)
class Trace:
    """One search. ``ended_at`` is in seconds since the epoch, ``alpha`` the weight it used."""

    id: str
    ended_at: float
    workspace: str
    function: str  # path::qualname
    original: str
    complexity: Complexity  # of the original
    intent: Intent
    model: str
    method: str
    seed: int
    temperature: float
    alpha: float
    stop_reason: StopReason
    steps: tuple[Step, ...]

    def paths(self) -> tuple[tuple[Step, ...], ...]:
        """Every way from a first version to one that was not taken further, without duplicates.

        What rules made is there only where a model went on from it.
        """
        steps = {step.id: step for step in self.steps if step.judged}
        parents = {step.parent for step in steps.values() if not step.by_rule}
        leaves = (step for step in steps.values() if step.id not in parents and not step.by_rule)
        return tuple(_path(leaf, steps) for leaf in leaves)

    def potential(self, step: Step) -> float:
        """The best measured outcome of the step and of all that grew from it."""
        grown, best = {step.id}, step.outcome
        for later in self.steps:  # parents come before their children
            if later.parent in grown:
                grown.add(later.id)
                best = max(best, later.outcome)
        return best


def _path(leaf: Step, steps: Mapping[int, Step]) -> tuple[Step, ...]:
    path = [leaf]
    while (parent := path[0].parent) is not None and parent in steps:
        path.insert(0, steps[parent])
    return tuple(path)
