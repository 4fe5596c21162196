"""One ``$/progress`` of the client, from ``window/workDoneProgress/create`` to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


class WorkDone:
    """Shows how far something is, and hears if the user cancels it there.

    The client is asked for a token once, and may answer late, refuse, or never answer: the work
    does not wait for it. A client without progress gets a line in its log.
    """

    def __init__(
        self, server: OrpsServer, token: str, title: str, cancel: Callable[[], object]
    ) -> None:
        self._server = server
        self._token = token
        self._title = title
        self._begun = False
        self._ended = False
        self._message = ""
        self._percentage = 0
        if server.capabilities.work_done_progress:
            # Known before the client is: its cancel can come right behind its answer, before the
            # task below has seen that answer.
            token_cancelled: Future[None] = Future()
            token_cancelled.add_done_callback(lambda _: cancel())
            server.work_done_progress.tokens[token] = token_cancelled
            self._opening = asyncio.create_task(self._open())
        else:
            server.log(f"{title}.")

    def report(self, message: str, percentage: int) -> None:
        """Say how far it is; a percentage never falls, as the client is told so."""
        self._message, self._percentage = message, max(self._percentage, percentage)
        if self._begun and not self._ended:
            report = types.WorkDoneProgressReport(
                cancellable=True, message=message, percentage=self._percentage
            )
            self._server.work_done_progress.report(self._token, report)

    def end(self, message: str) -> None:
        """End the progress and give its token back."""
        self._ended = True
        if self._begun and not self._server.closed:
            self._server.work_done_progress.end(
                self._token, types.WorkDoneProgressEnd(message=message)
            )
        self._server.work_done_progress.tokens.pop(self._token, None)

    async def _open(self) -> None:
        params = types.WorkDoneProgressCreateParams(self._token)
        try:
            await self._server.window_work_done_progress_create_async(params)
        except JsonRpcException as error:
            self._server.log(f"The editor shows no progress: {error}")
            return
        if self._ended:
            return
        begin = types.WorkDoneProgressBegin(
            title=self._title,
            cancellable=True,
            message=self._message,
            percentage=self._percentage,
        )
        self._server.work_done_progress.begin(self._token, begin)
        self._begun = True
