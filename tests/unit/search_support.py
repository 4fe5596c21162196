"""An evaluator whose verdicts are written down, for tests of the search alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from orps_lsp.evaluation.protocol import (
    Baseline,
    Behaviour,
    Evaluation,
    EvaluationError,
    Evidence,
    Speedup,
    Target,
    TestOutcome,
    TestResult,
    TestsListener,
    Verdict,
)
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.search.core import Options
from orps_lsp.search.prompts import Task
from orps_lsp.search.run import search
from orps_lsp.search.types import Budget, Intent, Outcome, Part, Progress
from orps_lsp.source.context import collect
from orps_lsp.source.locate import functions

SOURCE = '''\
def total(values):
    """Add up the values."""
    result = 0
    for value in values:
        result = result + value
    return result
'''


def results(passed: int, total: int = 4) -> tuple[TestResult, ...]:
    return tuple(
        TestResult(
            f"tests/test_total.py::test_{index}",
            TestOutcome.PASSED if index < passed else TestOutcome.FAILED,
            message="" if index < passed else "assert 3 == 4",
        )
        for index in range(total)
    )


def verified(speedup: float = 1.0, memory_ratio: float | None = 1.0) -> Evaluation:
    return Evaluation(
        Verdict.VERIFIED,
        results(4),
        evidence=Evidence(replayed=10, generated=20),
        speedup=Speedup(speedup, speedup * 0.95, speedup * 1.05, 9),
        memory_ratio=memory_ratio,
    )


def failed(passed: int = 2) -> Evaluation:
    return Evaluation(Verdict.FAILED_TESTS, results(passed), reason="2 tests fail")


class FakeEvaluator:
    """Answers by the first key that the candidate's module contains; anything else fails."""

    def __init__(
        self,
        verdicts: Mapping[str, Evaluation | Exception],
        behaviour: Mapping[str, Behaviour] | None = None,
    ) -> None:
        self._verdicts = verdicts
        self.behaviour = behaviour or {}
        self.evaluated: list[str] = []

    async def baseline(self, listen: TestsListener | None = None) -> Baseline:
        raise AssertionError("the search gets its baseline with the task")

    async def evaluate(self, module_source: str) -> Evaluation:
        self.evaluated.append(module_source)
        await asyncio.sleep(0)
        for key, verdict in self._verdicts.items():
            if key in module_source:
                if isinstance(verdict, Exception):
                    raise verdict
                return verdict
        return failed()

    async def behaviours(self, modules: Sequence[str]) -> tuple[Behaviour, ...]:
        return tuple(
            next((b for key, b in self.behaviour.items() if key in module), Behaviour(("", "")))
            for module in modules
        )

    async def remarks(self) -> tuple[str, ...]:
        return ()

    async def close(self) -> None:
        pass


def answer(body: str) -> str:
    """A completion with the function and this body."""
    return f"def total(values):\n    {body}\n```\nThat is better."


def baseline(passed: int = 4) -> Baseline:
    return Baseline(
        tests=results(passed),
        suite_size=6,
        recorded=10,
        unreplayable=0,
        seconds=0.1,
        call_seconds=0.05,
        peak_bytes=1000,
        sandbox="bubblewrap",
        interpreter="python",
        runner="pytest",
    )


def task(
    intent: Intent = Intent.OPTIMISE, tests: tuple[str, ...] = (), source: str = SOURCE
) -> Task:
    function = functions(source)[0]
    return Task(
        name="total.py::total",
        intent=intent,
        function=function,
        context=collect(source, function),
        tests=tests,
        baseline=baseline(2 if intent is Intent.FIX else 4),
    )


async def run(
    script: Script,
    evaluator: FakeEvaluator,
    *,
    intent: Intent = Intent.OPTIMISE,
    method: str = "orps",
    budget: Budget | None = None,
    stop: asyncio.Event | None = None,
    snapshots: list[Progress] | None = None,
    engine: ScriptedEngine | None = None,
    without: frozenset[Part] = frozenset(),
    source: str = SOURCE,
) -> Outcome:
    """One search over the first function of ``source``."""
    engine = engine or ScriptedEngine(script)
    workspace = Path("/workspace")
    return await search(
        task(intent, source=source),
        Target(workspace, workspace / "total.py", functions(source)[0].qualname, source),
        engine,
        await engine.start(),
        evaluator,
        method=method,
        budget=budget or Budget(seconds=30, candidates=12, rounds=3),
        options=Options(without=without),
        stop=stop or asyncio.Event(),
        listen=(snapshots if snapshots is not None else []).append,
    )


def broken() -> EvaluationError:
    return EvaluationError("The worker is gone.")
