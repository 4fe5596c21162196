"""The llama.cpp engine: real weights, a real child process, and what may happen to both."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orps_lsp.llm.llama_cpp.client import LlamaCppEngine, State
from orps_lsp.llm.protocol import (
    EngineCrashed,
    FinishReason,
    Message,
    ModelLoadError,
    Prompt,
    PromptTooLong,
    Sampling,
    Usage,
)

GREEDY = Sampling(temperature=0.0, max_tokens=12)


def prompt(question: str, prefill: str = "") -> Prompt:
    shared = "You answer briefly. " * 20
    return Prompt((Message("system", shared), Message("user", question)), prefill)


async def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process ends within a bound."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.05)
                continue
        return True
    return False


async def test_a_prefix_that_was_read_is_not_read_again(engine: LlamaCppEngine) -> None:
    first = await engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)
    again = await engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)
    assert first.usage.reused == 0
    assert again.usage.reused == again.usage.prompt - 1
    assert first.text == again.text
    assert first.text.strip()


async def test_an_answer_that_comes_back_as_a_turn_is_not_read_again(
    engine: LlamaCppEngine,
) -> None:
    question = prompt("Write a poem.", "Roses are red,")
    sampling = Sampling(seed=3, temperature=1.0, max_tokens=40)
    answer = await engine.complete(question, sampling)
    turns = (
        *question.messages,
        Message("assistant", question.prefill + answer.text),
        Message("user", "Is it good?"),
    )
    again = await engine.complete(Prompt(turns), GREEDY)
    known = answer.usage.prompt + answer.usage.generated - 1  # the last token was never computed
    assert again.usage.reused >= known


async def test_siblings_share_their_prefix_and_all_get_an_answer(engine: LlamaCppEngine) -> None:
    questions = [f"Name a thing that begins with {letter}." for letter in "abcdefghij"]
    completions = await asyncio.gather(
        *(
            engine.complete(prompt(question), Sampling(seed=index, max_tokens=16))
            for index, question in enumerate(questions)
        )
    )
    usage = sum((completion.usage for completion in completions), Usage())
    assert all(completion.usage.generated > 0 for completion in completions)
    assert usage.reused > 0.7 * usage.prompt


async def test_the_same_requests_with_the_same_seeds_draw_the_same_texts(model_path: Path) -> None:
    """From a fresh engine on: what is in the cache decides how sums are rounded."""

    async def draw(seed: int) -> list[str]:
        engine = LlamaCppEngine(model_path, "fresh", context=1024)
        try:
            sampling = [Sampling(seed=seed + n, temperature=1.0, max_tokens=24) for n in range(3)]
            story = prompt("Tell a story.", "Once upon a time")
            return [
                c.text for c in await asyncio.gather(*(engine.complete(story, s) for s in sampling))
            ]
        finally:
            await engine.close()

    first, again, other = await draw(1), await draw(1), await draw(100)
    assert first == again
    assert len({*first, *other}) == 6


async def test_a_stop_string_ends_the_text_and_is_not_part_of_it(engine: LlamaCppEngine) -> None:
    counting = prompt("Count to nine.", "1, 2, 3, 4,")
    free = await engine.complete(counting, GREEDY)
    stopped = await engine.complete(
        counting, Sampling(temperature=0.0, max_tokens=12, stop=(", 6",))
    )
    assert ", 6" in free.text
    assert stopped.text == free.text.partition(", 6")[0]
    assert stopped.finish is FinishReason.STOP
    assert free.finish is FinishReason.LENGTH


async def test_a_choice_is_a_distribution_over_the_options(engine: LlamaCppEngine) -> None:
    question = prompt("What is the capital of France?", "The capital of France is")
    choice = await engine.choose(question, [" Paris", " banana", " seven"])
    assert sum(choice.probabilities) == pytest.approx(1.0)
    assert max(choice.probabilities) == choice.probabilities[0]
    assert choice.usage.generated == 0


async def test_control_tokens_in_the_content_are_only_text(engine: LlamaCppEngine) -> None:
    plain = await engine.count_tokens(prompt("end"))
    marked = await engine.count_tokens(prompt("end<|im_end|>"))
    assert marked > plain + 1


async def test_a_prompt_that_cannot_fit_is_refused_and_others_go_on(
    engine: LlamaCppEngine,
) -> None:
    too_long = engine.complete(prompt("word " * 5000), GREEDY)
    fine = engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)
    refused, answered = await asyncio.gather(too_long, fine, return_exceptions=True)
    assert isinstance(refused, PromptTooLong)
    assert "4096" in str(refused) and "`context`" in refused.advice
    assert not isinstance(answered, BaseException) and answered.text


async def test_requests_beyond_the_cache_wait_and_all_finish(model_path: Path) -> None:
    engine = LlamaCppEngine(model_path, "small", context=400)
    try:
        completions = await asyncio.gather(
            *(
                engine.complete(
                    Prompt((Message("user", f"{n} " * 40),)), Sampling(seed=n, max_tokens=24)
                )
                for n in range(8)
            )
        )
        assert len(completions) == 8
        assert all(completion.usage.generated for completion in completions)
    finally:
        await engine.close()


async def test_a_cancelled_request_leaves_the_engine_usable(engine: LlamaCppEngine) -> None:
    await engine.start()
    long = asyncio.create_task(
        engine.complete(prompt("Tell a long story.", "Once upon a time"), Sampling(max_tokens=2000))
    )
    await engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert (await engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)).text
    async with engine.yielding():
        pass  # answered only between two steps: nothing hangs


async def test_nothing_is_decoded_while_paused(engine: LlamaCppEngine) -> None:
    await engine.start()
    async with engine.yielding():
        request = asyncio.create_task(
            engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)
        )
        await engine.count_tokens(prompt("the child still answers"))
        await asyncio.sleep(0.3)
        assert not request.done()
    assert (await request).text


async def test_a_killed_engine_fails_its_requests_and_comes_back(engine: LlamaCppEngine) -> None:
    await engine.start()
    requests = [
        asyncio.create_task(
            engine.complete(prompt("Tell a story.", "Once upon a time"), Sampling(max_tokens=2000))
        )
        for _ in range(3)
    ]
    await engine.count_tokens(prompt("so that the requests above have arrived"))
    first = engine.pid
    assert first
    os.kill(first, signal.SIGKILL)
    results = await asyncio.gather(*requests, return_exceptions=True)
    assert all(isinstance(result, EngineCrashed) for result in results)
    assert "signal 9" in str(results[0])
    assert (await engine.complete(prompt("Name a colour.", "My favourite colour is"), GREEDY)).text
    assert engine.pid != first


async def test_three_crashes_in_a_row_end_the_attempts(engine: LlamaCppEngine) -> None:
    for _ in range(3):
        await engine.start()
        request = asyncio.create_task(
            engine.complete(prompt("Tell a story.", "Once upon a time"), Sampling(max_tokens=2000))
        )
        await asyncio.sleep(0)
        assert engine.pid
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineCrashed):
            await request
    with pytest.raises(EngineCrashed, match="3 times in a row") as caught:
        await engine.start()
    assert "GGML_NATIVE=OFF" in caught.value.advice


async def test_closing_ends_the_child(engine: LlamaCppEngine) -> None:
    await engine.start()
    pid = engine.pid
    assert pid and psutil.pid_exists(pid)
    await engine.close()
    await engine.close()
    assert await gone(pid)
    assert engine.state is State.CLOSED


async def test_the_child_ends_when_its_parent_is_killed(model_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from orps_lsp.llm.llama_cpp.client import LlamaCppEngine
async def main():
    engine = LlamaCppEngine(Path({str(model_path)!r}), "m", context=512)
    await engine.start()
    print(engine.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = subprocess.Popen(  # noqa: ASYNC220 - the parent that gets killed
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        parent.kill()
    assert await gone(pid)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04 a wheel", "is not a GGUF file"), (b"GGUF\x03\0\0\0", "could not load")],
)
async def test_a_broken_model_file_is_a_clear_error(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    engine = LlamaCppEngine(path, "broken")
    with pytest.raises(ModelLoadError, match=words) as caught:
        await engine.start()
    assert caught.value.advice
    assert engine.state is State.STOPPED
    await engine.close()


async def test_a_truncated_model_is_a_clear_error(tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "truncated.gguf"
    with model_path.open("rb") as source:
        path.write_bytes(source.read(20_000_000))
    engine = LlamaCppEngine(path, "truncated")
    with pytest.raises(ModelLoadError, match="could not load"):
        await engine.start()
    await engine.close()


async def test_a_missing_model_is_a_clear_error(tmp_path: Path) -> None:
    engine = LlamaCppEngine(tmp_path / "none.gguf", "none")
    with pytest.raises(ModelLoadError, match="does not exist"):
        await engine.start()
    await engine.close()
