"""The engine as the server sees it: a child process that may die, behind the Engine protocol."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from enum import Enum, auto
from pathlib import Path
from typing import Any

import psutil

from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineCrashed,
    EngineError,
    EngineInfo,
    FinishReason,
    ModelLoadError,
    Prompt,
    PromptTooLong,
    Sampling,
    Usage,
)

_LOAD_SECONDS = 300.0  # a large model from a cold disk
_END_SECONDS = 3.0
_CRASHES_IN_A_ROW = 3
_LINE_LIMIT = 16 * 2**20
# Threads of OpenMP spin at barriers. For long, that makes decoding ten times slower as soon as
# anything else wants a core; not at all, it costs a third of the speed when alone (measured: 47, 47
# and 30 tokens/s with 300,000, 1,000 and no turns; beside a busy process 17, 20 and 26).
ENVIRONMENT = {"GOMP_SPINCOUNT": "1000"}
_CORES_OF_AN_EVALUATION = 2
_ERRORS: dict[str, type[EngineError]] = {
    error.__name__: error for error in (EngineError, ModelLoadError, PromptTooLong)
}
Json = dict[str, Any]


class State(Enum):
    """Where the child process is."""

    STOPPED = auto()
    LOADING = auto()
    READY = auto()
    CLOSED = auto()


class LlamaCppEngine:
    """Runs one GGUF model in a child process; restarts it after a crash, on the next request."""

    def __init__(
        self,
        model: Path,
        name: str,
        *,
        context: int = 0,
        threads: int = 0,
        gpu_layers: int = -1,
        flash_attention: str = "auto",
        cache: Path | None = None,
    ) -> None:
        """``context`` and ``threads`` 0: what suits the machine; ``cache``: for warm starts."""
        self._name = name
        self._threads = threads or psutil.cpu_count(logical=False) or 1
        self._load: Json = {
            "op": "load",
            "model": str(model),
            "context": context,
            "threads": self._threads,
            "gpu_layers": gpu_layers,
            "flash_attention": flash_attention,
            "cache": str(cache) if cache else "",
        }
        self._state = State.STOPPED
        self._info: EngineInfo | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stderr: deque[bytes] = deque(maxlen=20)
        self._pending: dict[int, asyncio.Future[Json]] = {}
        self._ids = itertools.count(1)
        self._starting = asyncio.Lock()
        self._pauses = 0
        self._crashes = 0

    @property
    def state(self) -> State:
        return self._state

    @property
    def pid(self) -> int | None:
        """Process id of the child while there is one."""
        return self._process.pid if self._process else None

    async def start(self) -> EngineInfo:
        async with self._starting:
            if self._state is State.READY and self._info:
                return self._info
            if self._state is State.CLOSED:
                raise EngineError("The engine is closed.")
            if self._crashes >= _CRASHES_IN_A_ROW:
                raise EngineCrashed(
                    f"The engine crashed {self._crashes} times in a row and is not started again.",
                    "`orps-lsp doctor` finds out why. Most likely llama-cpp-python must be rebuilt "
                    "with CMAKE_ARGS=-DGGML_NATIVE=OFF, or the model is too large.",
                )
            self._state = State.LOADING
            try:
                self._info = await self._spawn()
            except BaseException:
                await self._end_process()
                self._state = State.STOPPED
                raise
            self._state = State.READY
            return self._info

    async def _spawn(self) -> EngineInfo:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "orps_lsp.llm.llama_cpp.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
            env={**ENVIRONMENT, **os.environ},
            cwd=Path(sys.executable).parent,  # `-m` looks there first: never in a workspace
            start_new_session=True,  # Ctrl-C in a terminal is for the parent to handle
        )
        self._process = process
        self._stderr.clear()
        ready: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._read(process, ready)),
            asyncio.create_task(self._drain(process)),
        ]
        self._write(self._load)
        try:
            answer = await asyncio.wait_for(ready, _LOAD_SECONDS)
        except TimeoutError:
            raise ModelLoadError(
                f"The model {self._name} did not load within {_LOAD_SECONDS:.0f} s."
            ) from None
        return EngineInfo(self._name, answer["context"], answer["parameters"], self._threads)

    # -- requests

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        answer = await self._ask(
            {"op": "complete", "prompt": asdict(prompt), "sampling": asdict(sampling)}
        )
        return Completion(
            answer["text"],
            FinishReason(answer["finish"]),
            Usage(**answer["usage"]),
            answer["seconds"],
        )

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        answer = await self._ask(
            {"op": "choose", "prompt": asdict(prompt), "options": list(options)}
        )
        return Choice(tuple(answer["probabilities"]), Usage(**answer["usage"]))

    async def count_tokens(self, prompt: Prompt) -> int:
        answer = await self._ask({"op": "count", "prompt": asdict(prompt)})
        count: int = answer["count"]
        return count

    @contextlib.asynccontextmanager
    async def yielding(self) -> AsyncIterator[None]:
        """Leave two cores to an evaluation: decode with fewer threads; on few cores, not at all."""
        left = self._threads - _CORES_OF_AN_EVALUATION
        self._pauses += 1
        try:
            if self._pauses == 1 and self._state is State.READY:
                with contextlib.suppress(EngineCrashed):
                    await self._ask({"op": "yield", "threads": left if left > 1 else 0})
            yield
        finally:
            self._pauses -= 1
            if self._pauses == 0 and self._state is State.READY:
                self._write({"op": "resume"})

    async def _ask(self, message: Json) -> Json:
        await self.start()
        request_id = next(self._ids)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = future
        try:
            self._write({**message, "id": request_id})
            answer = await future
        except asyncio.CancelledError:
            self._write({"op": "cancel", "id": request_id})
            raise
        finally:
            self._pending.pop(request_id, None)
        self._crashes = 0
        return answer

    def _write(self, message: Json) -> None:
        """Requests are small and rare beside the pipe's buffer, so nobody waits for a drain."""
        process = self._process
        if process and process.stdin and not process.stdin.is_closing():
            process.stdin.write(json.dumps(message).encode() + b"\n")

    # -- the child's side

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Future[Json]) -> None:
        assert process.stdout
        while line := await process.stdout.readline():
            message = json.loads(line)
            event = message["event"]
            if event == "ready":
                ready.set_result(message)
            elif event == "failed":
                ready.set_exception(_error(message))
            elif (future := self._pending.get(message["id"])) and not future.done():
                if event == "error":
                    future.set_exception(_error(message))
                else:
                    future.set_result(message)
        self._died(await process.wait(), ready)

    def _died(self, status: int, ready: asyncio.Future[Json]) -> None:
        """The pipe is at its end: whoever still waits learns why."""
        if self._state in (State.READY, State.LOADING) and not (ready.done() and ready.exception()):
            self._crashes += 1
        if self._state is State.READY:
            self._state = State.STOPPED
        how = f"signal {-status}" if status < 0 else f"status {status}"
        last = b"".join(self._stderr).decode(errors="replace").strip().splitlines()
        error = EngineCrashed(
            f"The model's process ended with {how}{': ' + last[-1] if last else ''}.",
            "It is started again with the next search.",
        )
        for future in (ready, *self._pending.values()):
            if not future.done():
                future.set_exception(error)
                future.exception()  # someone may have stopped waiting: no warning for that

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        while chunk := await process.stderr.read(4096):
            self._stderr.append(chunk)

    async def close(self) -> None:
        async with self._starting:
            self._state = State.CLOSED
            await self._end_process()

    async def _end_process(self) -> None:
        """The one place that ends the child: close its pipe, wait, kill, wait."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


def _error(message: Json) -> EngineError:
    kind = _ERRORS.get(message["kind"], EngineError)
    return kind(message["message"], message["advice"])
