"""Fetches model files while the editor goes on, with progress that can be cancelled."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from orps_lsp.lsp.work_done import WorkDone

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer
    from orps_lsp.models import PullProgress


class Downloads:
    """Owns every download of this server."""

    def __init__(self, server: OrpsServer) -> None:
        self._server = server
        self._running: dict[str, tuple[asyncio.Task[Path], threading.Event]] = {}

    @property
    def active(self) -> str:
        """The name of a model that is being fetched; empty if none is."""
        return next(iter(self._running), "")

    async def fetch(self, name: str) -> Path:
        """Fetch a model, or wait for the download of it that is going on; returns its file.

        Raises:
            ModelError: as :func:`orps_lsp.models.pull`, cancelling included.
        """
        if name not in self._running:
            cancelled = threading.Event()
            task = asyncio.create_task(self._pull(name, cancelled))
            self._running[name] = task, cancelled
            self._server.tell_status()
        # Whoever asked may go away; the download is the user's, and goes on.
        return await asyncio.shield(self._running[name][0])

    async def close(self) -> None:
        """Break off all downloads; what has arrived is kept for the next time."""
        for _, cancelled in self._running.values():
            cancelled.set()
        tasks = [task for task, _ in self._running.values()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pull(self, name: str, cancelled: threading.Event) -> Path:
        from orps_lsp import models

        loop = asyncio.get_running_loop()
        bar = WorkDone(self._server, f"orps-fetch-{name}", f"Fetching {name}", cancelled.set)

        def report(progress: PullProgress) -> None:
            loop.call_soon_threadsafe(bar.report, *_words(progress))

        end = "failed"
        try:
            path = await asyncio.to_thread(models.pull, name, report, cancelled)
            end = "fetched"
            return path
        except models.DownloadCancelled:
            end = "cancelled; the next download goes on where this one stopped"
            raise
        finally:
            bar.end(end)
            del self._running[name]
            self._server.tell_status()


def _words(progress: PullProgress) -> tuple[str, int]:
    """What a download is doing, and how many per cent of that are done."""
    if not progress.total:
        return progress.phase, 0
    done, total = progress.done / 1e6, progress.total / 1e6
    share = 100 * progress.done // progress.total
    if progress.phase == "downloading":
        return f"{done:,.0f} of {total:,.0f} MB from {progress.source}", share
    return f"{progress.phase}, {share} %", 100
