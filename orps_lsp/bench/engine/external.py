"""llama.cpp's own programs, where the user has them: llama-batched-bench and llama-server."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orps_lsp.bench.engine.process import Child, module, running
from orps_lsp.bench.errors import BenchError
from orps_lsp.llm.protocol import Prompt, Sampling

SLOTS = 16
_SPARE = 64  # tokens of context beyond what is needed; both programs round as they like
_READY_SECONDS = 300.0
_REQUEST_SECONDS = 1800.0
_POLL_SECONDS = 0.1
Json = dict[str, Any]


async def batched_bench(
    program: Path,
    model: Path,
    *,
    threads: int,
    gpu_layers: int,
    prompt: int,
    tokens: int,
    sequences: int,
    environment: Mapping[str, str],
) -> float:
    """Decode tokens/s as ``llama-batched-bench`` finds them, the prompt being shared.

    Raises:
        BenchError: it failed, or printed no result.
    """
    options: dict[str, Any] = {
        "-m": model,
        "-c": max(prompt + sequences * tokens + _SPARE, 512),
        "-npp": prompt,
        "-ntg": tokens,
        "-npl": sequences,
        "-t": threads,
        "-tb": threads,
        "--output-format": "jsonl",
    }
    if gpu_layers >= 0:
        options["-ngl"] = gpu_layers
    words = [str(word) for pair in options.items() for word in pair]
    speed = 0.0
    name = "llama-batched-bench"
    command = (*module("guard"), str(program), *words, "-pps", "-kvu")
    async with running(name, *command, environment=environment) as child:
        while line := await child.line():
            if line.startswith("{"):
                speed = json.loads(line)["speed_tg"]
        if not speed:
            raise await child.death()
    return speed


class Server:
    """A running llama-server with ``SLOTS`` slots."""

    def __init__(self, port: int, child: Child) -> None:
        self._port = port
        self._child = child
        self._pool = ThreadPoolExecutor(SLOTS)

    async def seconds(self, prompt: Prompt, samplings: list[Sampling]) -> float:
        """Seconds until all of these completions of one prompt, sent at once, have come.

        Raises:
            BenchError: one failed, or has not the length asked for.
        """
        messages = [asdict(message) for message in prompt.messages]
        rendered = await self._post("/apply-template", {"messages": messages})
        text = rendered["prompt"] + prompt.prefill
        bodies = [
            {
                "prompt": text,
                "n_predict": sampling.max_tokens,
                "ignore_eos": True,
                "seed": sampling.seed,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "min_p": sampling.min_p,
            }
            for sampling in samplings
        ]
        started = time.perf_counter()
        answers = await asyncio.gather(*(self._post("/completion", body) for body in bodies))
        seconds = time.perf_counter() - started
        for answer, sampling in zip(answers, samplings, strict=True):
            if answer["tokens_predicted"] != sampling.max_tokens:
                raise BenchError(
                    f"llama-server wrote {answer['tokens_predicted']} tokens "
                    f"instead of {sampling.max_tokens}."
                )
        return seconds

    async def until_ready(self) -> None:
        """Wait for the model to be loaded.

        Raises:
            BenchError: the server ended, or takes too long.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if not self._child.running:
                raise await self._child.death()
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = await asyncio.to_thread(self._request, "GET", "/health", None)
                if status == 200:
                    return
            await asyncio.sleep(_POLL_SECONDS)
        raise BenchError(f"llama-server was not ready after {_READY_SECONDS:.0f} s.")

    def close(self) -> None:
        """Let go of the threads; those that still wait end with the server."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _post(self, path: str, body: Json) -> Json:
        loop = asyncio.get_running_loop()
        try:
            status, text = await loop.run_in_executor(
                self._pool, self._request, "POST", path, json.dumps(body)
            )
            if status != 200:
                raise BenchError(f"llama-server answered {status} to {path}: {text[:200]}")
            answer: Json = json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BenchError(f"llama-server failed at {path}: {error!r}.") from error
        return answer

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_REQUEST_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")


@contextlib.asynccontextmanager
async def server(
    program: Path,
    model: Path,
    *,
    threads: int,
    gpu_layers: int,
    tokens: int,
) -> AsyncIterator[Server]:
    """Start ``llama-server`` on a free port of the loopback; ends it with the block.

    Its defaults (continuous batching, prompt cache) are left alone. ``tokens`` is the room that one
    slot needs.

    Raises:
        BenchError: it does not start.
    """
    port = _free_port()
    options: dict[str, Any] = {
        "-m": model,
        "-c": SLOTS * (tokens + _SPARE),
        "-np": SLOTS,
        "-t": threads,
        "-tb": threads,
        "--host": "127.0.0.1",
        "--port": port,
    }
    if gpu_layers >= 0:
        options["-ngl"] = gpu_layers
    words = [str(word) for pair in options.items() for word in pair]
    command = (*module("guard"), str(program), *words)
    async with running("llama-server", *command) as child:
        quiet = asyncio.create_task(_discard(child))  # a full pipe would stop it
        started = Server(port, child)
        try:
            await started.until_ready()
            yield started
        finally:
            quiet.cancel()
            started.close()


async def _discard(child: Child) -> None:
    while await child.line():
        pass


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
