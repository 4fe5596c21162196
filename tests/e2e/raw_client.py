"""A client that sends whatever bytes it is told to, and keeps account of every answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from editor_client import PATIENCE, SERVER

Json = dict[str, Any]


class RawClient:
    """One server process. ``answers`` are all responses by ``repr`` of their id."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.answers: dict[str, list[Json]] = {}
        self.notifications: list[Json] = []
        self.on_request: Callable[[Json], Json | None] = lambda request: None
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, folder: Path) -> RawClient:
        environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *SERVER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )
        return cls(process)

    async def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def send_body(self, body: bytes) -> None:
        await self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def send(self, message: Any) -> None:
        await self.send_body(json.dumps(message).encode())

    async def notify(self, method: str, params: Any) -> None:
        await self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, id: int | str, method: str, params: Any = None) -> Json:
        """Send a request and wait for its answer."""
        await self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        await self.until(lambda: repr(id) in self.answers)
        return self.answers[repr(id)][-1]

    async def initialize(self, capabilities: Json | None = None, **more: Any) -> Json:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **more}
        answer = await self.request("initialize", "initialize", params)
        await self.notify("initialized", {})
        return answer

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until what came makes ``condition`` true."""

        async def poll() -> None:
            while not condition():
                assert not self._reading.done(), f"the server has ended: {self.process.returncode}"
                await asyncio.sleep(0.01)

        await asyncio.wait_for(poll(), PATIENCE)

    async def ended(self) -> int:
        """Wait for the server's end; returns its exit code."""
        await asyncio.wait_for(self._reading, PATIENCE)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def close(self) -> None:
        """End the server, whatever state it is in."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.wait({self._reading})

    def counted(self) -> Counter[str]:
        return Counter({id: len(answers) for id, answers in self.answers.items()})

    async def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        while head := await stdout.readline():
            name, _, length = head.partition(b":")
            assert name == b"Content-Length", head
            assert await stdout.readline() == b"\r\n"
            message = json.loads(await stdout.readexactly(int(length)))
            if "method" not in message:
                self.answers.setdefault(repr(message["id"]), []).append(message)
            elif "id" not in message:
                self.notifications.append(message)
            elif (answer := self.on_request(message)) is not None:
                await self.send({"jsonrpc": "2.0", "id": message["id"], **answer})
