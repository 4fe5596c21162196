"""Run one search from task to outcome, whatever ends it."""

from __future__ import annotations

import asyncio

from orps_lsp.evaluation.protocol import EvaluationError, Evaluator, Target
from orps_lsp.evaluation.static import complexity
from orps_lsp.llm.protocol import Engine, EngineError, EngineInfo, Message, Prompt
from orps_lsp.search.core import Options, Search
from orps_lsp.search.fitting import fit
from orps_lsp.search.methods import METHODS
from orps_lsp.search.prompts import Prompts, Task
from orps_lsp.search.spending import Finished
from orps_lsp.search.types import (
    Budget,
    Offload,
    Outcome,
    Part,
    ProgressListener,
    StopReason,
    inline,
)

_THINKING_MODEL = 3e9  # parameters from which a thought before the code is worth its tokens
_PROMPT_TOKENS = 1600  # of context; reading it costs a small machine as much as writing code
_ANSWER_TOKENS = (192, 1024)


async def search(
    task: Task,
    target: Target,
    engine: Engine,
    info: EngineInfo,
    evaluator: Evaluator,
    *,
    method: str,
    budget: Budget,
    options: Options,
    stop: asyncio.Event,
    listen: ProgressListener,
    aside: Offload = inline,
) -> Outcome:
    """Search for better versions of ``task.function``; never raises for what happens on the way.

    ``aside`` does what takes long. ``stop`` ends it at once. Every end has a StopReason, and what
    was found until then is offered.

    Raises:
        asyncio.CancelledError: the caller's own cancellation; nothing is offered then.
        EngineError: the engine failed before the search began.
    """
    think = info.parameters >= _THINKING_MODEL and Part.REASONING not in options.without
    limit = min(_PROMPT_TOKENS, info.context // 2)
    task, notes = await fit(task, limit, engine.count_tokens, think=think)
    length = await engine.count_tokens(Prompt((Message("user", task.function.text),)))
    low, high = _ANSWER_TOKENS
    current = Search(
        task,
        target,
        engine,
        info,
        evaluator,
        Prompts(task, think, options.without),
        budget,
        options,
        listen,
        max_tokens=max(low, min(high, 2 * length)),
        original=await aside(complexity, task.function.text),
        aside=aside,
    )
    notes_of_end: list[str] = []
    reason = await _until_stopped(current, method, stop, notes_of_end)
    return Outcome(
        function=task.name,
        original=task.function.text,
        intent=task.intent,
        model=info.model,
        method=method,
        baseline=task.baseline,
        baseline_complexity=current.original,
        stop_reason=reason,
        seconds=current.spending.seconds,
        usage=current.spending.usage,
        counts=current.counts(),
        refinements=current.refinements(),
        candidates=tuple(current.candidates),
        notes=(*notes, *notes_of_end),
    )


async def _until_stopped(
    current: Search, method: str, stop: asyncio.Event, notes: list[str]
) -> StopReason:
    """Race the method against the clock and the user."""
    work = asyncio.create_task(_work(current, method, notes))
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait(
            {work, stopped},
            timeout=current.spending.seconds_left,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if work in done:
            return work.result()
        return StopReason.CANCELLED if stopped in done else StopReason.BUDGET_SECONDS
    finally:
        for task in (work, stopped):
            task.cancel()
        await asyncio.gather(work, stopped, return_exceptions=True)


async def _work(current: Search, method: str, notes: list[str]) -> StopReason:
    """The method and the last reviews; the failure of a part is an end like any other."""
    try:
        try:
            reason = await METHODS[method](current)
        except Finished as finished:
            reason = finished.reason
        current.report("reviewing the best")
        await current.explain()
        return reason
    except EngineError as error:
        notes.append(str(error))
        return StopReason.ENGINE_FAILED
    except EvaluationError as error:
        notes.append(str(error))
        return StopReason.EVALUATOR_FAILED
