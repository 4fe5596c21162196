"""Let the critic score versions whose hidden results are known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import methodcaller
from typing import Any

from orps_lsp.bench.critic.auc import auc, auc_within
from orps_lsp.bench.tasks.generations import CachedEngine
from orps_lsp.bench.tasks.run import Plan, Scores, chosen_tasks, in_parallel, searched
from orps_lsp.bench.tasks.task import BenchTask, interface
from orps_lsp.llm.protocol import Engine
from orps_lsp.search import scoring
from orps_lsp.search.core import Search
from orps_lsp.search.critique import criticise
from orps_lsp.search.methods import best_of_n, registered
from orps_lsp.search.prompts import Prompts
from orps_lsp.search.spending import Finished
from orps_lsp.search.types import Candidate, Part, StopReason

Listener = Callable[[str], None]

_ALPHAS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
_KEPT_GAIN = 0.01  # of AUC: a heavier critic must be worth more than that


@dataclass(frozen=True, slots=True)
class Judged:
    """A version, what is known of it, and what the critic said.

    ``visible`` is the share of the visible tests that it passes, ``outcome`` the reward that a
    search gives it. ``code`` and ``executed`` are process rewards: by the code alone, and with what
    ran.
    """

    task: str
    right: bool
    visible: float
    outcome: float
    code: float
    executed: float

    def combined(self, alpha: float) -> float:
        """The score of a search with that alpha."""
        return scoring.combine(self.executed, self.outcome, alpha)


@dataclass(frozen=True, slots=True)
class Report:
    """All versions that were judged."""

    model: str
    judged: tuple[Judged, ...]

    @property
    def alpha(self) -> float:
        """The weight of the critic that orders versions of a task best; the least of equals."""
        best, chosen = -1.0, 0.0
        for alpha in _ALPHAS:
            found = _within(self.judged, methodcaller("combined", alpha))
            if found is not None and found > best + _KEPT_GAIN:
                best, chosen = found, alpha
        return chosen

    def to_json(self) -> dict[str, Any]:
        passing = [each for each in self.judged if each.visible == 1]
        return {
            "model": self.model,
            "candidates": len(self.judged),
            "right": sum(each.right for each in self.judged),
            "auc": _aucs(self.judged),
            "passing": {
                "candidates": len(passing),
                "right": sum(each.right for each in passing),
                "auc": _aucs(passing),
            },
            "alpha": self.alpha,
        }


_SCORES: Mapping[str, Callable[[Judged], float]] = {
    "code": lambda each: each.code,
    "execution": lambda each: each.executed,
    "visible_tests": lambda each: each.visible,
}


def _aucs(judged: Sequence[Judged]) -> dict[str, dict[str, float | None]]:
    right = [each.right for each in judged]
    return {
        name: {
            "all": _rounded(auc([score(each) for each in judged], right)),
            "within_task": _rounded(_within(judged, score)),
        }
        for name, score in _SCORES.items()
    }


def _within(judged: Iterable[Judged], score: Callable[[Judged], float]) -> float | None:
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(each.task, []).append(each)
    return auc_within(
        ([score(each) for each in group], [each.right for each in group])
        for group in groups.values()
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


async def run(plan: Plan, engine: Engine, listen: Listener) -> Report:
    """Draw versions of the plan's tasks, and let the critic score all that ran.

    Raises:
        OrpsError: the model, the sandbox or the interpreter cannot be used.
    """
    scores = Scores(plan.cache / "scores.sqlite3", plan.settings)
    tasks, _ = await chosen_tasks(plan, scores, listen)
    found: list[Judged] = []

    async def judge(task: BenchTask) -> None:
        found.extend(await _judged(plan, task, engine, scores))
        listen(f"{task.id}: {len(found)} versions so far")

    await in_parallel(judge, tasks, plan.parallel)
    found.sort(key=lambda each: each.task)
    return Report((await engine.start()).model, tuple(found))


async def _judged(plan: Plan, task: BenchTask, engine: Engine, scores: Scores) -> list[Judged]:
    """Draw versions of one task and score them in both ways."""
    wanted = interface(task)
    assert not isinstance(wanted, str), "tasks without a function are apart"
    cached = CachedEngine(engine, plan.cache / "generations.sqlite3", plan.model)
    rewards: dict[int, tuple[float, float]] = {}

    async def draw_and_criticise(search: Search) -> StopReason:
        reason = StopReason.BUDGET_CANDIDATES
        try:
            reason = await best_of_n.run(search)
        except Finished as finished:
            reason = finished.reason
        ran = [candidate for candidate in search.candidates if candidate.evaluation]
        found = await asyncio.gather(*(_rewards(cached, search, each) for each in ran))
        rewards.update(zip((each.id for each in ran), found, strict=True))
        return reason

    name = f"critic of {task.id}"
    with registered(name, draw_and_criticise):
        settings = replace(plan.settings, method=name)
        outcome = await searched(replace(plan, settings=settings), task, wanted, cached)
    judged = []
    async with scores.of(task, wanted) as scoring:
        for candidate in outcome.candidates:
            if candidate.id not in rewards or not candidate.evaluation:
                continue
            evaluation = candidate.evaluation
            judged.append(
                Judged(
                    task.id,
                    (await scoring(candidate.module)).correct,
                    evaluation.passed / max(1, len(evaluation.tests)),
                    candidate.outcome,
                    *rewards[candidate.id],
                )
            )
    return judged


async def _rewards(engine: Engine, search: Search, candidate: Candidate) -> tuple[float, float]:
    """Return the process rewards by the code alone, and with what ran."""
    ways = (frozenset({Part.EXECUTION}), frozenset[Part]())
    blind, seeing = [
        await criticise(engine, Prompts(search.task, without=without), candidate, candidate.id)
        for without in ways
    ]
    return blind.process, seeing.process
