"""Many requests, random cancels, two kills: no leak, no wrong text, no hang."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import psutil
import pytest

from orps_lsp.llm.llama_cpp.client import LlamaCppEngine
from orps_lsp.llm.protocol import EngineCrashed, Message, Prompt, Sampling

REQUESTS = 500
WAVE = 25
SECONDS = 600  # a hang; it takes about one
SYSTEM = Message("system", "You answer with one word. " * 6)
GRAMMAR = 'root ::= "the word is " [a-z]+ "."'


def prompt(chance: random.Random) -> Prompt:
    topic = chance.choice(["colours", "animals", "cities", "numbers"])
    words = ["small", "old", "red", "quick", "far"]
    details = " ".join(chance.choices(words, k=chance.randint(0, 9)))
    return Prompt((SYSTEM, Message("user", f"We talk about {topic}. Name a {details} one.")))


async def resident(engine: LlamaCppEngine) -> float:
    """Memory of the child in MiB, without the pages of the model's file."""
    await engine.start()
    assert engine.pid
    return float(psutil.Process(engine.pid).memory_full_info().uss) / 2**20


async def request(engine: LlamaCppEngine, chance: random.Random, number: int) -> str:
    """One request of a random kind; its text, checked where it can be."""
    kind = chance.random()
    if kind < 0.2:
        choice = await engine.choose(prompt(chance), ["1", "2", "3"])
        assert abs(sum(choice.probabilities) - 1) < 1e-6
        return ""
    if kind < 0.5:
        sampling = Sampling(seed=number, max_tokens=24, grammar=GRAMMAR, temperature=1.0)
        text = (await engine.complete(prompt(chance), sampling)).text
        assert "the word is ".startswith(text[:12]) and len(text) >= 12
        return text
    sampling = Sampling(seed=number, max_tokens=chance.randint(1, 24), stop=(".",))
    completion = await engine.complete(prompt(chance), sampling)
    assert "." not in completion.text
    assert completion.usage.generated <= sampling.max_tokens
    return completion.text


async def wave(engine: LlamaCppEngine, chance: random.Random, numbers: range, kill: bool) -> int:
    """Send requests at once, cancel some, maybe kill the engine; how many were answered."""
    tasks = [asyncio.create_task(request(engine, chance, number)) for number in numbers]
    await asyncio.sleep(chance.random() * 0.3)
    for task in chance.sample(tasks, len(tasks) // 5):
        task.cancel()
        await asyncio.sleep(0)
    if kill:
        assert engine.pid
        os.kill(engine.pid, signal.SIGKILL)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            assert kill and isinstance(result, EngineCrashed), result
    return sum(isinstance(result, str) for result in results)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
async def test_hundreds_of_requests_with_cancels_and_kills(
    model_path: Path, tmp_path: Path
) -> None:
    # Small enough that prefixes are evicted all the time.
    engine = LlamaCppEngine(model_path, "soak", context=1536, cache=tmp_path)
    try:
        answered, memory = await asyncio.wait_for(soak(engine), SECONDS)
    finally:
        await engine.close()
    assert answered > 0.65 * REQUESTS
    assert not engine._pending
    assert max(memory) - memory[0] < 12, f"it grew: {memory} MiB"


async def soak(engine: LlamaCppEngine) -> tuple[int, list[float]]:
    """Send all requests in waves; how many were answered, and the memory now and then."""
    chance = random.Random(11)
    await wave(engine, chance, range(1000, 1000 + WAVE), kill=False)
    answered, memory = 0, [await resident(engine)]
    for index, start in enumerate(range(0, REQUESTS, WAVE)):
        # Late: the first half shows whether memory grows in one process.
        answered += await wave(engine, chance, range(start, start + WAVE), index in (12, 16))
        if index in (5, 11, 19):
            memory.append(await resident(engine))
    return answered, memory
