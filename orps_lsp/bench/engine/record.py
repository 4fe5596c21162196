"""Record what a real search asks of its engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from orps_lsp.bench.engine.texts import Written, quoting, shared
from orps_lsp.bench.engine.trace import Kind, Trace, TracedRequest, needed
from orps_lsp.config import Settings
from orps_lsp.llm.protocol import Choice, Completion, Engine, EngineInfo, Prompt, Sampling, Usage
from orps_lsp.refine import Request, refine
from orps_lsp.search.methods import orps, registered
from orps_lsp.search.types import Outcome, ProgressListener

ALL_ROUNDS = "orps_all_rounds"


@dataclass(slots=True)
class _Sent:
    """A request as it was sent: so many answers had come, ``previous`` to the same task."""

    kind: Kind
    prompt: Prompt
    sampling: Sampling
    options: tuple[str, ...]
    finished: int
    previous: int | None
    answer: str = ""
    usage: Usage = field(default_factory=Usage)

    @property
    def texts(self) -> tuple[str, ...]:
        return (*(message.content for message in self.prompt.messages), self.prompt.prefill)


class Recorder:
    """An engine that passes everything on and notes each request that was answered.

    What made a request wait is told by the asyncio task that sends it: a task is created when its
    inputs are there, so its first request waited for all that had finished; each later one for the
    one before it, whatever else had happened to finish meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sent: list[_Sent] = []
        self._finished: list[int] = []  # in the order in which the answers came
        self._latest: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()

    def requests(self) -> tuple[TracedRequest, ...]:
        """The requests that were answered, in the order in which they were sent."""
        new = {old: number for number, old in enumerate(sorted(self._finished))}
        answers = [self._written(old, new[old]) for old in self._finished]
        after: list[tuple[int, ...]] = []
        requests = []
        for sent in (self._sent[old] for old in new):
            there = [new[old] for old in self._finished[: sent.finished]]
            waits = there if sent.previous is None else [new[sent.previous]]
            quotable = answers[: sent.finished]
            quoted = partial(quoting, answers=quotable)
            # What a task goes on from is its own answer, even if the model copied that.
            own = [] if sent.previous is None else [self._own(answers, sent.previous)]
            request = TracedRequest(
                sent.kind,
                tuple((message.role, quoted(message.content)) for message in sent.prompt.messages),
                quoting(sent.prompt.prefill, [*own, *quotable]),
                sampling=sent.sampling,
                options=sent.options,
                prompt_tokens=sent.usage.prompt,
                generated=sent.usage.generated,
            )
            # What is quoted is named even where it is implied: a replay looks it up.
            quotes = {quote.answer for quote in request.quotes}
            after.append(tuple(sorted({*needed(waits, after), *quotes})))
            requests.append(replace(request, after=after[-1]))
        return tuple(requests)

    def _own(self, answers: Sequence[Written], old: int) -> Written:
        return replace(answers[self._finished.index(old)], known=0)

    def _written(self, old: int, new: int) -> Written:
        """An answer, with how much of its beginning had been sent before it came."""
        rank = self._finished.index(old)
        earlier = {text for sent in self._sent if sent.finished <= rank for text in sent.texts}
        answer, sampling = self._sent[old].answer, self._sent[old].sampling
        known = max((shared(text, answer) for text in earlier), default=0)
        # What ran out of tokens has no stop string that belongs to it.
        stopped = self._sent[old].usage.generated < sampling.max_tokens
        return Written(new, answer, known, sampling.stop if stopped else ())

    async def start(self) -> EngineInfo:
        return await self._engine.start()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        number = self._note("complete", prompt, sampling=sampling)
        completion = await self._engine.complete(prompt, sampling)
        self._sent[number].answer = completion.text
        self._answered(number, completion.usage)
        return completion

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        number = self._note("choose", prompt, options=options)
        choice = await self._engine.choose(prompt, options)
        self._answered(number, choice.usage)
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
        self._sent.append(
            _Sent(
                kind,
                prompt,
                sampling or Sampling(),
                tuple(options),
                finished=len(self._finished),
                previous=self._latest.get(_task()),
            )
        )
        return len(self._sent) - 1

    def _answered(self, number: int, usage: Usage) -> None:
        self._sent[number].usage = usage
        self._finished.append(number)
        self._latest[_task()] = number


def _task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "an engine is asked by coroutines"
    return task


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
        settings = replace(settings, method=ALL_ROUNDS)
    with registered(ALL_ROUNDS, partial(orps.run, converge=False)):
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
