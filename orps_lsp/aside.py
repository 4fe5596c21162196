"""Long computations in a process of their own, so that this one goes on answering.

Parsing a long file holds Python's lock for a tenth of a second, whichever thread does it. The child
runs functions of this package on plain data, one after the other, and ends when its stdin does:
with its parent, however that ends.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from orps_lsp.errors import OrpsError

T = TypeVar("T")

_LENGTH = struct.Struct(">Q")
_END_SECONDS = 2.0


class AsideDied(OrpsError):
    """The child process died of a computation."""


class Aside:
    """Owns the child process; it starts with the first call."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Return ``function(*args)``; the function is one of a module, the data can be pickled.

        A call that is cancelled ends the child, and the next one starts another.

        Raises:
            AsideDied: the child died of it; here it might have been this process.
            Exception: whatever the function raises.
        """
        async with self._lock:
            try:
                raised, result = await self._ask(pickle.dumps((function, args)))
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                await self._end()
                raise AsideDied(f"Python died of {function.__name__}.") from error
            except BaseException:
                await self._end()
                raise
        if raised:
            raise result
        return result  # type: ignore[no-any-return]

    async def close(self) -> None:
        """End the child. Safe to call twice."""
        async with self._lock:
            await self._end()

    async def _ask(self, request: bytes) -> tuple[bool, Any]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "orps_lsp.aside"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=Path(sys.executable).parent,  # `-m` looks there first: never in a workspace
                start_new_session=True,  # Ctrl-C in a terminal is for the parent to handle
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(_LENGTH.pack(len(request)) + request)
        await stdin.drain()
        (length,) = _LENGTH.unpack(await stdout.readexactly(_LENGTH.size))
        answer: tuple[bool, Any] = pickle.loads(await stdout.readexactly(length))
        return answer

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()  # it holds nothing
        await asyncio.wait_for(process.wait(), _END_SECONDS)


def _serve() -> None:
    """Answer until the parent's end of the pipe is closed."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not break the answers
    while len(header := stdin.read(_LENGTH.size)) == _LENGTH.size:
        function, args = pickle.loads(stdin.read(*_LENGTH.unpack(header)))
        try:
            answer = pickle.dumps((False, function(*args)))
        except Exception as error:
            answer = pickle.dumps((True, error))
        stdout.write(_LENGTH.pack(len(answer)) + answer)
        stdout.flush()


if __name__ == "__main__":
    _serve()
