"""A child process with pipes: one owner, one way to end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

# Everywhere; who runs code in the process may lower them and add others.
LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 1024}

_LINE_LIMIT = 64 * 1024 * 1024  # bytes of one line on a pipe
_STDERR_LIMIT = 64 * 1024  # bytes of stderr that are kept
_GRACE_SECONDS = 5.0


async def start(
    argv: Sequence[str],
    *,
    end: Callable[[asyncio.SubprocessTransport], None],
    clean: Callable[[], Awaitable[None]],
    environment: Mapping[str, str],
    cwd: str | None = None,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start ``argv`` in a session of its own.

    ``end`` makes it and its descendants die, and may return before they are dead; ``clean`` gives
    back what belongs to it afterwards. If it cannot be started, neither is called.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=_LINE_LIMIT, loop=loop),
        *argv,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=dict(environment),
        cwd=cwd,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )
    return Child(transport, Process(transport, protocol, loop), end, clean)


@contextlib.contextmanager
def memory_file(content: bytes) -> Iterator[int]:
    """Give a descriptor from which a child that inherits it can read ``content``."""
    descriptor = os.memfd_create("orps-lsp")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


class Child:
    """Implements :class:`~orps_lsp.evaluation.sandbox.protocol.SandboxedProcess`."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        process: Process,
        end: Callable[[asyncio.SubprocessTransport], None],
        clean: Callable[[], Awaitable[None]],
    ) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("the process needs three pipes")
        self.stdin = process.stdin
        self.stdout = process.stdout
        self._transport = transport
        self._process = process
        self._end = end
        self._clean = clean
        self._tail = bytearray()
        self._pump = asyncio.create_task(self._collect(process.stderr))
        self._killing: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def stderr_tail(self) -> str:
        return self._tail.decode("utf-8", "replace")

    async def wait(self) -> int:
        status = await self._process.wait()
        return 128 - status if status < 0 else status

    async def kill(self) -> None:
        # One task, whoever asks and however often; a cancelled caller leaves it to finish.
        if self._killing is None:
            self._killing = asyncio.create_task(self._kill())
        await asyncio.shield(self._killing)

    async def _kill(self) -> None:
        self._end(self._transport)
        if not await self._ended():
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()
            await self._ended()
        self._transport.close()
        self._pump.cancel()
        await asyncio.wait([self._pump])
        await self._clean()

    async def _ended(self) -> bool:
        """Wait for the process and for the last words on stderr, but not for long."""
        waits = [asyncio.ensure_future(self._process.wait()), self._pump]
        _, pending = await asyncio.wait(waits, timeout=_GRACE_SECONDS)
        waits[0].cancel()
        return not pending

    async def _collect(self, stderr: asyncio.StreamReader) -> None:
        while chunk := await stderr.read(_STDERR_LIMIT):
            self._tail += chunk
            del self._tail[:-_STDERR_LIMIT]
