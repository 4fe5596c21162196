"""Record what a real search asks of its engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, cast

from orps_lsp.bench.engine.trace import Kind, Trace, TracedRequest, needed
from orps_lsp.config import Settings
from orps_lsp.llm.protocol import Choice, Completion, Engine, EngineInfo, Prompt, Sampling
from orps_lsp.refine import Request, refine
from orps_lsp.search.core import Search
from orps_lsp.search.methods import METHODS, orps
from orps_lsp.search.types import Candidate, Intent, Outcome, ProgressListener, StopReason

ALL_ROUNDS = "orps_all_rounds"


class Recorder:
    """An engine that passes everything on and notes each request that was answered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sent: list[TracedRequest] = []  # ``after`` holds all that had finished
        self._finished: list[int] = []

    def requests(self) -> tuple[TracedRequest, ...]:
        """The requests that were answered, in the order in which they were sent."""
        kept = {old: new for new, old in enumerate(sorted(self._finished))}
        after: list[tuple[int, ...]] = []
        requests = []
        for old in kept:
            reduced = needed((kept[earlier] for earlier in self._sent[old].after), after)
            after.append(reduced)
            requests.append(replace(self._sent[old], after=reduced))
        return tuple(requests)

    async def start(self) -> EngineInfo:
        return await self._engine.start()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        number = self._note("complete", prompt, sampling=sampling)
        completion = await self._engine.complete(prompt, sampling)
        self._answered(number, completion)
        return completion

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        number = self._note("choose", prompt, options=options)
        choice = await self._engine.choose(prompt, options)
        self._answered(number, choice)
        return choice

    async def count_tokens(self, prompt: Prompt) -> int:
        return await self._engine.count_tokens(prompt)

    def yielding(self) -> AbstractAsyncContextManager[None]:
        return self._engine.yielding()

    async def close(self) -> None:
        await self._engine.close()

    def _note(
        self,
        kind: Kind,
        prompt: Prompt,
        *,
        sampling: Sampling | None = None,
        options: Sequence[str] = (),
    ) -> int:
        request = TracedRequest(
            kind, prompt, tuple(self._finished), sampling or Sampling(), tuple(options)
        )
        self._sent.append(request)
        return len(self._sent) - 1

    def _answered(self, number: int, answer: Completion | Choice) -> None:
        self._finished.append(number)
        self._sent[number] = replace(
            self._sent[number],
            prompt_tokens=answer.usage.prompt,
            generated=answer.usage.generated,
        )


class _Unconverged:
    """A search that says it has nothing to offer yet, so that ``orps`` does not stop for that."""

    def __init__(self, search: Search) -> None:
        object.__setattr__(self, "_search", search)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_search"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_search"), name, value)

    def offered(self) -> tuple[Candidate, ...]:
        search: Search = object.__getattribute__(self, "_search")
        return search.offered() if search.task.intent is Intent.FIX else ()


async def all_rounds_of(search: Search) -> StopReason:
    """``orps``, but a round that found nothing better is not the last one."""
    return await orps.run(cast(Search, _Unconverged(search)))


async def record(
    request: Request,
    settings: Settings,
    engine: Engine,
    *,
    stop: asyncio.Event,
    listen: ProgressListener,
    all_rounds: bool = False,
) -> tuple[Trace, Outcome]:
    """Search as `refine` does, and return what the engine was asked.

    ``all_rounds`` goes on where ``orps`` would stop as converged: two traces are easier to compare
    if a lucky first round does not end one of them.

    Raises:
        OrpsError, asyncio.CancelledError: as :func:`orps_lsp.refine.refine`.
    """
    recorder = Recorder(engine)
    if all_rounds:
        METHODS.setdefault(ALL_ROUNDS, all_rounds_of)
        settings = replace(settings, method=ALL_ROUNDS)
    outcome = await refine(request, settings, recorder, stop=stop, listen=listen)
    about = {
        "function": outcome.function,
        "model": outcome.model,
        "method": outcome.method,
        "intent": outcome.intent.value,
        "seed": settings.seed,
        "candidates": outcome.counts.generated,
        "rounds": max((c.round for c in outcome.candidates), default=0),
        "stop_reason": outcome.stop_reason.value,
    }
    return Trace(recorder.requests(), about), outcome
