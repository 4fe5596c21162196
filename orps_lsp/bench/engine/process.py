"""The parent's side of everything that is measured in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from orps_lsp.bench.errors import BenchError

_END_SECONDS = 5.0
_ANSWER_SECONDS = 3600.0  # a replay on a slow machine; more is a hang
_LINE_LIMIT = 16 * 2**20
_LINES_KEPT = 20
Json = dict[str, Any]


class Child:
    """A started program: commands go to its stdin, what it prints comes back by the line."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process
        self._stderr: deque[str] = deque(maxlen=_LINES_KEPT)
        self.drain = asyncio.create_task(self._drain())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def ask(self, op: str, **values: Any) -> Json:
        """Send one command and wait for its answer.

        Raises:
            BenchError: the child died, hangs, or could not do it.
        """
        assert self._process.stdin
        with contextlib.suppress(ConnectionError):  # how it died is told below
            self._process.stdin.write(json.dumps({"op": op, **values}).encode() + b"\n")
            await self._process.stdin.drain()
        try:
            line = await asyncio.wait_for(self.line(), _ANSWER_SECONDS)
        except asyncio.TimeoutError:
            raise BenchError(f"The {self.name} did not answer to '{op}'.") from None
        if not line:
            raise await self.death()
        answer: Json = json.loads(line)
        if "error" in answer:
            raise BenchError(f"The {self.name} failed at '{op}': {answer['error']}")
        return answer

    async def line(self) -> str:
        """The next line on its stdout; empty at the end."""
        assert self._process.stdout
        return (await self._process.stdout.readline()).decode(errors="replace")

    async def death(self) -> BenchError:
        """Wait for the end of a child that has closed its stdout, and say how it ended."""
        status = await self._process.wait()
        await self.drain
        number = (
            -status if status < 0 else status - 128
        )  # a shell's, and our guard's, way to say it
        how = f"status {status}"
        with contextlib.suppress(ValueError):
            how = f"signal {number} ({signal.Signals(number).name})"
        last = f": {self._stderr[-1]}" if self._stderr else ""
        return BenchError(f"The {self.name} ended with {how}{last}.")

    async def _drain(self) -> None:
        assert self._process.stderr
        while chunk := await self._process.stderr.read(1 << 16):
            self._stderr.extend(filter(None, chunk.decode(errors="replace").splitlines()))

    async def end(self) -> None:
        """Close its stdin, wait, kill its whole session, wait. The only place that ends a child."""
        process = self._process
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
            await process.wait()
        self.drain.cancel()
        await asyncio.gather(self.drain, return_exceptions=True)


@contextlib.asynccontextmanager
async def running(
    name: str, *command: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Start ``command`` and end it with the block, whatever leaves it.

    The environment is the user's, as the program runs for them, but for what ``environment`` adds.

    Raises:
        BenchError: it cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_LIMIT,
            env={**os.environ, **(environment or {})},
            cwd=Path(sys.executable).parent,  # `-m` looks there first: never in a workspace
            start_new_session=True,  # Ctrl-C in a terminal is for the parent to handle
        )
    except OSError as error:
        raise BenchError(f"The {name} cannot be started: {error}.") from error
    child = Child(name, process)
    try:
        yield child
    finally:
        await asyncio.shield(child.end())


def module(name: str) -> tuple[str, ...]:
    """Command line of one of the modules beside this one."""
    return (sys.executable, "-m", f"orps_lsp.bench.engine.{name}")
