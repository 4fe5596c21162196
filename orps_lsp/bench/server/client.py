"""A thin LSP client over pipes: what it costs itself must not show in what it measures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from orps_lsp.bench.errors import BenchError

_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0
_LINE_LIMIT = 1 << 24
Json = dict[str, Any]

# What common editors announce, the same for every server that is measured.
CAPABILITIES: Json = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "synchronization": {"didSave": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "refactor"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "codeLens": {},
    },
    "window": {"workDoneProgress": True},
    "experimental": {"orps": {"notifications": True}},
}


class Client:
    """One server process. What the server asks is answered with null."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process
        self._waiting: dict[int, asyncio.Future[tuple[Any, float]]] = {}
        self._last_id = 0
        self.heard: Callable[[str, Any], None] = lambda method, params: None
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its result.

        Raises:
            BenchError: it is an error, does not come, or the server ended.
        """
        return (await self._ask(method, params))[0]

    async def timed(self, method: str, params: Any) -> float:
        """Send a request; returns the seconds until the last byte of its answer is here.

        Raises:
            BenchError: as :meth:`request`.
        """
        began = time.perf_counter()
        return (await self._ask(method, params))[1] - began

    async def _ask(self, method: str, params: Any) -> tuple[Any, float]:
        self._last_id += 1
        answer = self._waiting[self._last_id] = asyncio.get_running_loop().create_future()
        self._send({"id": self._last_id, "method": method, "params": params})
        if self._reading.done():
            raise BenchError(f"{self.name} ended.")
        try:
            return await asyncio.wait_for(answer, _ANSWER_SECONDS)
        except asyncio.TimeoutError:
            raise BenchError(f"{self.name} did not answer to '{method}'.") from None

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    async def end(self) -> None:
        """Shut the server down; one that does not go is killed, with its children."""
        with contextlib.suppress(BenchError, ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(self.request("shutdown"), _END_SECONDS)
            self.notify("exit", None)
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()
        await asyncio.wait({self._reading})

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _read(self) -> None:
        assert self._process.stdout
        reader = self._process.stdout
        try:
            while header := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in header.splitlines() if line)
                body = await reader.readexactly(int(fields[b"Content-Length"]))
                arrived = time.perf_counter()
                self._take(json.loads(body), arrived)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for future in self._waiting.values():
                future.set_exception(BenchError(f"{self.name} ended."))
            self._waiting.clear()

    def _take(self, message: Json, arrived: float) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"])
            if error := message.get("error"):
                future.set_exception(BenchError(f"{self.name}: {error['message']}"))
            elif not future.done():
                future.set_result((message.get("result"), arrived))
        elif "id" in message:
            self._send({"id": message["id"], "result": None})
        else:
            self.heard(message["method"], message["params"])


@asynccontextmanager
async def started(
    name: str, command: Sequence[str], root_uri: str, options: Mapping[str, Any] | None = None
) -> AsyncIterator[tuple[Client, float]]:
    """Start a server; yields a client and the seconds from the start to initialize's answer.

    Raises:
        BenchError: the program is missing, or does not answer.
    """
    began = time.perf_counter()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LINE_LIMIT,
            start_new_session=True,
        )
    except OSError as error:
        raise BenchError(f"{name} cannot be started: {error}.") from error
    client = Client(name, process)
    try:
        params = {
            "processId": os.getpid(),
            "rootUri": root_uri,
            "workspaceFolders": [{"uri": root_uri, "name": "bench"}],
            "capabilities": CAPABILITIES,
            "initializationOptions": options or {},
        }
        await client.request("initialize", params)
        seconds = time.perf_counter() - began
        client.notify("initialized", {})
        yield client, seconds
    finally:
        await client.end()
