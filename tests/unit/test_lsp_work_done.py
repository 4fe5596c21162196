"""A progress in the client: its cancel counts from the moment the client may send it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from pygls.exceptions import JsonRpcException

from orps_lsp.lsp.work_done import WorkDone


class FakeServer:
    """What a progress needs of the server; the client answers when ``answer`` is set."""

    closed = False

    def __init__(self) -> None:
        self.capabilities = SimpleNamespace(work_done_progress=True)
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent: list[str] = []
        self.logged: list[str] = []
        self.work_done_progress: Any = SimpleNamespace(
            tokens={},
            begin=lambda token, _: self.sent.append(f"begin {token}"),
            report=lambda token, _: self.sent.append(f"report {token}"),
            end=lambda token, _: self.sent.append(f"end {token}"),
        )

    async def window_work_done_progress_create_async(self, _: object) -> None:
        await self.answer

    def log(self, line: str) -> None:
        self.logged.append(line)


def opened(server: Any, cancelled: list[str]) -> WorkDone:
    return WorkDone(server, "token", "Fetching", lambda: cancelled.append("cancelled"))


async def test_a_cancel_right_behind_the_answer_counts() -> None:
    server, cancelled = FakeServer(), list[str]()
    progress = opened(server, cancelled)
    server.answer.set_result(None)  # the task that waits for it has not run yet
    server.work_done_progress.tokens["token"].cancel()
    assert cancelled == ["cancelled"]
    progress.end("cancelled")
    await asyncio.sleep(0)
    assert server.sent == [] and server.work_done_progress.tokens == {}


async def test_a_progress_begins_when_the_client_agreed() -> None:
    server = FakeServer()
    progress = opened(server, [])
    progress.report("too early", 1)
    assert server.sent == []
    server.answer.set_result(None)
    await progress._opening
    progress.report("half", 50)
    progress.end("done")
    assert server.sent == ["begin token", "report token", "end token"]
    assert server.work_done_progress.tokens == {}


async def test_a_client_that_refuses_gets_a_line() -> None:
    server = FakeServer()
    progress = opened(server, [])
    server.answer.set_exception(JsonRpcException("no"))
    await progress._opening
    progress.report("half", 50)
    progress.end("done")
    assert server.sent == [] and "no progress" in server.logged[0]
    assert server.work_done_progress.tokens == {}
