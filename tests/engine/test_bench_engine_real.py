"""The benchmark of the engine, end to end on the smallest model: it runs, and leaves nothing."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from orps_lsp.bench.engine.process import module, running
from orps_lsp.bench.engine.replay import forced
from orps_lsp.bench.engine.run import _request as naive_request
from orps_lsp.bench.engine.texts import Quote
from orps_lsp.bench.engine.trace import Trace, TracedRequest
from orps_lsp.llm.llama_cpp.client import LlamaCppEngine
from orps_lsp.llm.protocol import Message, Prompt, Sampling

MODEL = "smollm2-135m"
SECONDS = 300  # a hang; it takes some seconds
SYSTEM = Message("system", "You are an expert Python engineer. " * 4)


def request(
    text: str, kind: Any, after: tuple[int, ...], generated: int, *parts: str | Quote
) -> TracedRequest:
    messages: Any = (("system", (SYSTEM.content,)), ("user", (text, *parts)))
    options = ("1", "2") if kind == "choose" else ()
    sampling = Sampling(stop=("\n",), temperature=0.0)
    return TracedRequest(kind, messages, ("Answer:",), after, sampling, options, 40, generated)


REQUESTS = (
    request("Write f.", "complete", (), 4),
    request("Write g.", "complete", (), 6),
    request("Review g: ", "complete", (1,), 3, Quote(1, 12), "."),
    request("Score g: ", "choose", (0, 2), 0, Quote(2, 12), "."),
)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.json"
    Trace(REQUESTS).save(path)
    return path


def start(trace: Path, *, stderr: int | None = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command; what it leaves behind if it is killed lies beside the trace."""
    words = f"bench engine --model {MODEL} --sequences 1,2 --repeat 1 --tokens 8 --json"
    return subprocess.Popen(
        [sys.executable, "-m", "orps_lsp", *words.split(), "--trace", str(trace)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "TMPDIR": str(trace.parent)},
    )


def children(of: int) -> list[psutil.Process]:
    return psutil.Process(of).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=15)
    return not alive


def figures(data: Any) -> Iterator[float]:
    if isinstance(data, dict):
        for name, value in data.items():
            if name != "machine":
                yield from figures(value)
    elif isinstance(data, int | float):
        yield data


def test_every_figure_is_measured_and_no_process_is_left(model_path: Path, trace: Path) -> None:
    process = start(trace, stderr=None)
    seen: set[psutil.Process] = set()
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        seen.update(children(process.pid))
        time.sleep(0.1)
    process.kill()
    out, _ = process.communicate()
    assert process.returncode == 0
    data = json.loads(out)
    assert list(data["sequences"]) == ["1", "2"]
    assert data["replay"]["requests"] == 4
    assert data["replay"]["generated_tokens"] == 13
    assert 0 < data["replay"]["reused_share"] < 1
    assert all(math.isfinite(value) and value > 0 for value in figures(data))
    assert len(seen) >= 4, "the limit, the naive way, ours, and a fresh one of ours for the replay"
    assert gone(list(seen))


async def test_the_naive_way_reads_and_writes_the_same(
    engine: LlamaCppEngine, model_path: Path
) -> None:
    """Greedy, so that a prompt that one of them renders otherwise shows in the text."""
    question = Prompt((SYSTEM, Message("user", "What is the capital of France?")))
    greedy = Sampling(temperature=0.0, max_tokens=6, ignore_eos=True)
    ours = await engine.complete(question, greedy)
    async with running("naive child", *module("naive")) as naive:
        await naive.ask("load", model=str(model_path), threads=2, context=512, gpu_layers=-1)
        request = {"prompt": asdict(question), "sampling": asdict(greedy)}
        theirs = await naive.ask("complete", request=request)
    assert theirs["text"] == ours.text
    assert theirs["generated"] == ours.usage.generated == 6


async def test_the_naive_replay_quotes_what_it_wrote(model_path: Path) -> None:
    """Greedy, so that what is written shows what was read."""
    requests = (
        request("Name a city.", "complete", (), 8),
        request("Say it again: ", "complete", (0,), 8, Quote(0), "."),
        request("Say it again: ", "complete", (0, 1), 8, Quote(0, 7), ", ", Quote(1), "."),
    )
    async with running("naive child", *module("naive")) as naive:
        await naive.ask("load", model=str(model_path), threads=2, context=512, gpu_layers=-1)

        async def complete(number: int, answers: dict[int, str]) -> str:
            prompt, sampling = requests[number].prompt(answers), forced(requests[number])
            asked = {"prompt": asdict(prompt), "sampling": asdict(sampling)}
            return str((await naive.ask("complete", request=asked))["text"])

        replayed = await naive.ask("replay", requests=[naive_request(r) for r in requests])
        first, second, third = replayed["texts"]
        assert len(first) > 7
        written = {0: first, 1: second}
        assert await complete(0, {}) == first
        assert await complete(1, written) == second
        assert await complete(2, written) == third
        assert await complete(1, {0: "Oslo"}) != second, "what is quoted matters"


def test_an_interrupt_ends_every_child(model_path: Path, trace: Path) -> None:
    process = start(trace)
    assert process.stderr
    for line in process.stderr:
        if "warming up" in line:
            break
    running = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "interrupted" in error
    assert "Traceback" not in error
    assert len(running) >= 3, "the limit, the naive way, ours"
    assert gone(running)


def test_killing_the_command_ends_every_child(model_path: Path, trace: Path) -> None:
    process = start(trace)
    assert process.stderr
    for line in process.stderr:
        if "warming up" in line:
            break
    running = children(process.pid)
    process.kill()
    process.communicate()
    assert gone(running)


def test_a_child_that_dies_is_told(model_path: Path, trace: Path) -> None:
    process = start(trace)
    assert process.stderr
    for line in process.stderr:
        if "warming up" in line:
            break
    limits = [c for c in children(process.pid) if "orps_lsp.bench.engine.limit" in c.cmdline()]
    for limit in limits:
        os.kill(limit.pid, signal.SIGSEGV)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "limit child" in error
    assert "SIGSEGV" in error
    assert "Traceback" not in error
