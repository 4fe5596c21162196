"""Run a method over tasks: search with the visible tests, score the pick once with the hidden."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

from orps_lsp.bench.tasks import project, skeleton
from orps_lsp.bench.tasks.generations import CachedEngine
from orps_lsp.bench.tasks.records import Point, Record, Run
from orps_lsp.bench.tasks.scoring import Faulty, Score, Scorer, scorer
from orps_lsp.bench.tasks.task import BenchTask, Interface, interface
from orps_lsp.config import Settings
from orps_lsp.errors import OrpsError
from orps_lsp.evaluation.protocol import EvaluationError
from orps_lsp.llm.protocol import Engine, EngineError
from orps_lsp.quantities import duration
from orps_lsp.refine import Request, refine
from orps_lsp.search.types import Candidate, Intent, Outcome, Part, Progress, Status
from orps_lsp.store import Store

_SCORE_KIND = "score 1"

Listener = Callable[[str], None]
Scoring = Callable[[str], Awaitable[Score]]  # of a module's text


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the first ``limit`` of the ``tasks`` that can be scored; 0: all of them.

    ``settings`` name method, budget and seed; ``parallel`` tasks run at a time. ``cache`` is the
    folder of what may be used again: generations, by ``model``, and scores.
    """

    tasks: Sequence[BenchTask]
    limit: int
    settings: Settings
    cache: Path
    model: str
    parallel: int
    without: frozenset[Part] = frozenset()


async def run(plan: Plan, into: Run, engine: Engine, listen: Listener) -> None:
    """Run the tasks that ``into`` has no record of.

    Raises:
        OrpsError: the model, the sandbox or the interpreter cannot be used.
    """
    scores = Scores(plan.cache / "scores.sqlite3", plan.settings)
    chosen, apart = await chosen_tasks(plan, scores, listen)
    for name, reason in apart.items():
        if name not in into.records:
            into.add(Record(name, apart=reason))
    left = [task for task in chosen if task.id not in into.records]
    started = time.monotonic()

    async def work(task: BenchTask) -> None:
        into.add(await _run_task(plan, task, engine, scores))
        done = sum(task.id in into.records for task in chosen)
        seconds = (time.monotonic() - started) / (done - len(chosen) + len(left))
        solved = sum(record.correct for record in into.scored)
        listen(
            f"{done}/{len(chosen)} {task.id}: {solved} solved so far, "
            f"{duration(seconds * (len(chosen) - done))} left"
        )

    await in_parallel(work, left, plan.parallel)


async def chosen_tasks(
    plan: Plan, scores: Scores, listen: Listener
) -> tuple[list[BenchTask], dict[str, str]]:
    """Return the tasks to be run, and why those before the last of them say nothing, by name.

    Raises:
        EvaluationError: there is no sandbox or interpreter.
    """
    limit = plan.limit or len(plan.tasks)
    chosen: list[BenchTask] = []
    apart: dict[str, str] = {}
    for start in range(0, len(plan.tasks), plan.parallel):
        batch = plan.tasks[start : start + plan.parallel]
        for task, fault in zip(batch, await asyncio.gather(*map(scores.fault, batch)), strict=True):
            if len(chosen) == limit:
                return chosen, apart
            if fault:
                apart[task.id] = fault
            else:
                chosen.append(task)
        listen(f"checked {start + len(batch)} references")
    return chosen, apart


async def in_parallel(
    work: Callable[[BenchTask], Awaitable[None]], tasks: Sequence[BenchTask], workers: int
) -> None:
    """Do the work on all tasks, on so many at a time; where one fails the others are ended."""
    queue = iter(tasks)

    async def worker() -> None:
        for task in queue:
            await work(task)

    running = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run_task(plan: Plan, task: BenchTask, engine: Engine, scores: Scores) -> Record:
    """Search and score one task."""
    wanted = interface(task)
    assert not isinstance(wanted, str), "tasks without a function are apart"
    cached = CachedEngine(engine, plan.cache / "generations.sqlite3", plan.model)
    began = time.monotonic()
    try:
        outcome = await searched(plan, task, wanted, cached)
    except (EngineError, EvaluationError):
        raise  # not the task's fault
    except OrpsError as error:
        return Record(task.id, total=len(task.hidden), notes=(str(error),))
    seconds = time.monotonic() - began
    pick = picked(outcome)
    async with scores.of(task, wanted) as scoring:
        score = await scoring(pick.module) if pick else Score(0, len(task.hidden))
        curve = tuple([point async for point in _curve(outcome, scoring)])
    return Record(
        task=task.id,
        picked=pick.code if pick else "",
        visible_passed=pick.evaluation.passed if pick and pick.evaluation else 0,
        visible_total=len(outcome.baseline.tests),
        passed=score.passed,
        total=score.total,
        valid=score.valid,
        time=score.time,
        tokens=outcome.usage.generated,
        prompt_tokens=outcome.usage.prompt,
        seconds=round(seconds, 2),
        fresh=cached.fresh,
        reused=cached.reused,
        stop_reason=outcome.stop_reason.value,
        notes=outcome.notes,
        statuses=_statuses(outcome.candidates),
        curve=curve,
        date=datetime.now(timezone.utc).date().isoformat(),
    )


async def searched(plan: Plan, task: BenchTask, wanted: Interface, engine: Engine) -> Outcome:
    """Refine the task's stub as a user's function would be; drafting it counts as usage.

    Raises:
        OrpsError: as :func:`orps_lsp.refine.refine`.
    """
    drafted = await skeleton.draft(engine, task, wanted)
    with project.folder() as root:
        stub = project.stub(task, drafted.header, drafted.definitions)
        file = project.write(root, stub, task, task.visible, wanted.name)
        request = Request(root, file, stub, wanted.name, Intent.FIX)
        stop = asyncio.Event()
        outcome = await refine(
            request, plan.settings, engine, stop=stop, listen=_ignore, without=plan.without
        )
    return replace(outcome, usage=outcome.usage + drafted.usage)


def _ignore(_: Progress) -> None:
    """Progress is told by task."""


def picked(outcome: Outcome) -> Candidate | None:
    """What the search would give: the first of what it offers, else the best that ran."""
    if outcome.refinements:
        return outcome.refinements[0].candidate
    ran = [candidate for candidate in outcome.candidates if candidate.evaluation]
    return max(ran, key=lambda each: (each.score, -each.id), default=None)


async def _curve(outcome: Outcome, scoring: Scoring) -> AsyncIterator[Point]:
    """Yield how the best changed on the way. The search is over: it learns nothing from this."""
    best: Candidate | None = None
    tokens = 0
    for candidate in outcome.candidates:
        tokens += candidate.tokens
        if candidate.evaluation and (best is None or candidate.score > best.score):
            best = candidate
            score = await scoring(best.module)
            yield Point(tokens, candidate.round, score.correct, score.passed)


def _statuses(candidates: Sequence[Candidate]) -> dict[str, int]:
    """Count where candidates were lost; a failed one by its verdict."""
    return dict(
        Counter(
            each.evaluation.verdict.value
            if each.status is Status.FAILED and each.evaluation
            else each.status.value
            for each in candidates
        )
    )


class Scores:
    """The scores of solutions by their text: methods often pick the same one."""

    def __init__(self, file: Path, settings: Settings) -> None:
        self._store = Store(file)
        self._settings = settings

    async def fault(self, task: BenchTask) -> str:
        """Say why a task says nothing of any method; empty: its reference passes its tests."""
        wanted = interface(task)
        if isinstance(wanted, str):
            return wanted
        key = _digest(task, "")
        kept = await asyncio.to_thread(self._store.get, _SCORE_KIND, key)
        if kept is None:
            fault = ""
            try:
                async with scorer(task, wanted, self._settings):
                    pass
            except Faulty as error:
                fault = str(error)
            kept = json.dumps(fault).encode()
            await asyncio.to_thread(self._store.put, _SCORE_KIND, key, kept)
        return str(json.loads(kept))

    @asynccontextmanager
    async def of(self, task: BenchTask, wanted: Interface) -> AsyncIterator[Scoring]:
        """Yield what scores solutions of one task; the reference runs when the first is new."""
        async with AsyncExitStack() as stack:
            opened: Scorer | None = None

            async def score(module: str) -> Score:
                nonlocal opened
                key = _digest(task, module)
                kept = await asyncio.to_thread(self._store.get, _SCORE_KIND, key)
                if kept is not None:
                    return Score(**json.loads(kept))
                if opened is None:
                    opened = await stack.enter_async_context(scorer(task, wanted, self._settings))
                found = await opened.score(module)
                data = json.dumps(asdict(found)).encode()
                await asyncio.to_thread(self._store.put, _SCORE_KIND, key, data)
                return found

            yield score


def _digest(task: BenchTask, module: str) -> str:
    """Name a solution of a task; without the solution, the task alone."""
    parts = (task.reference, task.setup, *task.hidden, module)
    return sha256(json.dumps(parts).encode()).hexdigest()
