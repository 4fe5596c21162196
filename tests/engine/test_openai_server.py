"""The engine behind a URL with real weights: llama-cpp-python's own server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from orps_lsp.config import Settings
from orps_lsp.llm import create_engine
from orps_lsp.llm.openai_compatible.engine import OpenAICompatibleEngine
from orps_lsp.llm.protocol import (
    EndpointError,
    FinishReason,
    Message,
    ModelLoadError,
    Prompt,
    Sampling,
)
from orps_lsp.refine import Request, refine
from orps_lsp.search.types import Outcome, Progress, StopReason

pytest.importorskip("fastapi", reason="llama-cpp-python[server] is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"
START_SECONDS = 60.0
HANG = 120.0  # seconds after which a test that hangs fails
NAME = "smollm2-135m"
GREEDY = Sampling(temperature=0.0, max_tokens=12)
STORY = Prompt((Message("user", "Tell a long story."),), "Once upon a time")


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].removesuffix("/v1"))


@contextmanager
def serving(model: Path, log: Path) -> Iterator[Server]:
    """The server with its defaults, one of which is to drop a request when the next one comes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1"]
    command += ["--model", str(model), "--model_alias", NAME, "--port", str(port)]
    command += ["--n_ctx", "4096", "--n_threads", str(psutil.cpu_count(logical=False) or 1)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            # Threads that spin at barriers would starve everything else on the machine.
            command,
            stdout=out,
            stderr=out,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        )
    try:
        server = Server(process, f"http://127.0.0.1:{port}/v1")
        wait_until_ready(server, log)
        yield server
    finally:
        process.kill()
        process.wait()


def wait_until_ready(server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"{server.url}/models", timeout=5),
        ):
            return
        time.sleep(0.1)
    pytest.fail(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="module")
def shared(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(model_path, tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture
def mortal(model_path: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to be killed."""
    with serving(model_path, tmp_path / "log") as server:
        yield server


@pytest_asyncio.fixture
async def remote(shared: Server) -> AsyncIterator[OpenAICompatibleEngine]:
    engine = OpenAICompatibleEngine(shared.url, concurrency=1, context=4096, backoff=0.1)
    yield engine
    await engine.close()


async def test_the_server_says_what_it_has(remote: OpenAICompatibleEngine) -> None:
    info = await remote.start()
    assert (info.model, info.context, info.parameters) == (NAME, 4096, 135_000_000)


async def test_a_completion_has_text_and_an_end(remote: OpenAICompatibleEngine) -> None:
    completion = await remote.complete(STORY, Sampling(max_tokens=24, seed=1))
    assert completion.text.strip()
    assert not completion.text.startswith(STORY.prefill)
    assert completion.usage.prompt > 0 and completion.usage.generated > 0


async def test_a_stop_string_ends_the_text_and_is_not_part_of_it(
    remote: OpenAICompatibleEngine,
) -> None:
    for prompt in (Prompt(STORY.messages), STORY):  # stopped by the server, and here
        free = await remote.complete(prompt, Sampling(temperature=0, max_tokens=24))
        stop = free.text[12:16]
        stopped = await remote.complete(
            prompt, Sampling(temperature=0, max_tokens=24, stop=(stop,))
        )
        assert stopped.text == free.text.partition(stop)[0]
        assert stopped.finish is FinishReason.STOP


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(seed=7, temperature=1.0, max_tokens=12)])
async def test_the_same_seed_draws_the_same_text(
    remote: OpenAICompatibleEngine, sampling: Sampling
) -> None:
    # The first reads the prompt; what is in the server's cache decides how sums are rounded.
    _, first, again = [await remote.complete(STORY, sampling) for _ in range(3)]
    assert first.text == again.text


async def test_another_seed_draws_another_text(remote: OpenAICompatibleEngine) -> None:
    texts = {
        (await remote.complete(STORY, Sampling(seed=seed, temperature=1.0, max_tokens=24))).text
        for seed in range(3)
    }
    assert len(texts) == 3


async def test_a_choice_is_a_distribution(remote: OpenAICompatibleEngine) -> None:
    question = Prompt((Message("user", "What is the capital of France?"),))
    choice = await remote.choose(question, ["The capital", "banana", "seven"])
    assert sum(choice.probabilities) == pytest.approx(1.0)
    assert choice.probabilities[0] > 0.9
    scores = await remote.choose(Prompt(question.messages, "Score from 1 to 5: "), list("12345"))
    assert sum(scores.probabilities) == pytest.approx(1.0)
    assert len(set(scores.probabilities)) > 1  # not the uniform answer of who has no logprobs


async def test_a_cancelled_request_leaves_the_server_usable(
    remote: OpenAICompatibleEngine,
) -> None:
    await remote.start()
    long = asyncio.create_task(remote.complete(STORY, Sampling(max_tokens=2000)))
    await asyncio.sleep(0.5)
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    again = await asyncio.wait_for(remote.complete(STORY, GREEDY), HANG)
    assert again.text


async def test_a_server_that_drops_requests_is_told_from_one_that_answers(shared: Server) -> None:
    engine = OpenAICompatibleEngine(shared.url, concurrency=4, context=4096)
    try:
        requests = [engine.complete(STORY, Sampling(seed=n, max_tokens=200)) for n in range(3)]
        results = await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), HANG)
    finally:
        await engine.close()
    dropped = [result for result in results if isinstance(result, EndpointError)]
    assert dropped and all("`concurrency` 1" in error.advice for error in dropped)


async def test_a_server_killed_in_mid_stream_is_an_error(mortal: Server) -> None:
    engine = OpenAICompatibleEngine(mortal.url, concurrency=1, context=4096, backoff=0.05)
    try:
        await engine.start()
        request = asyncio.create_task(engine.complete(STORY, Sampling(max_tokens=2000)))
        await asyncio.sleep(1.0)
        assert not request.done()
        mortal.process.kill()
        with pytest.raises(EndpointError, match=mortal.url) as caught:
            await asyncio.wait_for(request, HANG)
        assert caught.value.advice
        with pytest.raises(EndpointError, match="gave no answer"):
            await asyncio.wait_for(engine.start(), HANG)
    finally:
        await engine.close()


# -- a whole search


@pytest.fixture
def request_to_refine(tmp_path: Path) -> Request:
    project = tmp_path / "orders"
    shutil.copytree(EXAMPLES / "orders", project, ignore=shutil.ignore_patterns("__pycache__"))
    file = (project / "report.py").resolve()
    return Request(file.parent, file, file.read_text(), "customers_with_repeat_orders")


async def search(request: Request, server: Server, seen: list[Progress]) -> Outcome:
    settings = Settings(
        engine="openai_compatible",
        endpoint=server.url,
        concurrency=1,
        context=4096,
        seconds=60,
        candidates=2,
    )
    engine = create_engine(settings)
    try:
        return await asyncio.wait_for(
            refine(request, settings, engine, stop=asyncio.Event(), listen=seen.append), HANG
        )
    finally:
        await engine.close()


def children_besides(server: Server) -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)} - {server.process.pid}


async def test_a_search_over_the_server_ends_and_leaves_nothing_behind(
    shared: Server, request_to_refine: Request
) -> None:
    before, tasks = children_besides(shared), asyncio.all_tasks()
    outcome = await search(request_to_refine, shared, [])
    assert outcome.stop_reason in (StopReason.BUDGET_CANDIDATES, StopReason.BUDGET_SECONDS)
    assert outcome.model == NAME
    assert outcome.counts.generated > 0
    assert outcome.usage.generated > 0
    assert children_besides(shared) <= before
    assert asyncio.all_tasks() <= tasks
    connections = psutil.Process().net_connections("tcp")
    assert not [c for c in connections if c.raddr and c.raddr.port == shared.port]


async def test_a_search_ends_when_its_server_dies(
    mortal: Server, request_to_refine: Request
) -> None:
    class Killer(list[Progress]):
        def append(self, progress: Progress) -> None:
            if "round" in progress.phase:
                mortal.process.kill()

    outcome = await search(request_to_refine, mortal, Killer())
    assert outcome.stop_reason is StopReason.ENGINE_FAILED
    assert any(mortal.url in note for note in outcome.notes)


async def test_without_an_endpoint_the_setting_is_named() -> None:
    with pytest.raises(ModelLoadError, match="needs an endpoint") as caught:
        create_engine(Settings(engine="openai_compatible"))
    assert "`endpoint`" in caught.value.advice
