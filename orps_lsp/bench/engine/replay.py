"""Send the requests of a recorded search again, in their order of dependence."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from orps_lsp.bench.engine.trace import Trace, TracedRequest
from orps_lsp.llm.protocol import Engine, Sampling, Usage


@dataclass(frozen=True, slots=True)
class Replayed:
    """How long a whole trace took, and the tokens of all its requests."""

    seconds: float
    usage: Usage


def forced(request: TracedRequest) -> Sampling:
    """Its sampling with the recorded length: what is drawn must not decide how much work there is.

    Stop strings and a grammar would end it earlier.
    """
    return replace(
        request.sampling,
        max_tokens=max(1, request.generated),
        ignore_eos=True,
        stop=(),
        grammar="",
    )


async def replay(engine: Engine, trace: Trace) -> Replayed:
    """Send each request as soon as those have finished that it waited for when it was recorded.

    What a prompt quotes is what the engine wrote in this replay. What a search does between its
    requests (it runs the versions) is left out.

    Raises:
        EngineError: as the engine raises it; the other requests are cancelled.
    """
    answers: list[asyncio.Task[tuple[Usage, str]]] = []

    async def answer(request: TracedRequest) -> tuple[Usage, str]:
        await asyncio.gather(*(asyncio.shield(answers[number]) for number in request.after))
        prompt = request.prompt({n: answers[n].result()[1] for n in request.after})
        if request.kind == "choose":
            return (await engine.choose(prompt, request.options)).usage, ""
        completion = await engine.complete(prompt, forced(request))
        return completion.usage, completion.text

    started = time.perf_counter()
    try:
        for request in trace.requests:
            answers.append(asyncio.create_task(answer(request)))
        results = await asyncio.gather(*answers)
    finally:
        for task in answers:
            task.cancel()
        await asyncio.gather(*answers, return_exceptions=True)
    return Replayed(time.perf_counter() - started, sum((usage for usage, _ in results), Usage()))
