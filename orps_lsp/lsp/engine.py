"""The server's one engine: made on first use, unloaded when idle, replaced with its settings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from orps_lsp.config import Settings
from orps_lsp.llm import create_engine
from orps_lsp.llm.protocol import Engine, EngineError

logger = logging.getLogger(__name__)

IDLE_SECONDS = 600.0


class EngineOwner:
    """Lends the engine to one search at a time and ends it."""

    def __init__(
        self,
        create: Callable[[Settings], Engine] = create_engine,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._create = create
        self._idle_seconds = idle_seconds
        self._engine: Engine | None = None
        self._key: tuple[object, ...] = ()
        self._lock = asyncio.Lock()
        self._unloading: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def use(self, settings: Settings) -> AsyncIterator[Engine]:
        """Lend the engine that ``settings`` ask for.

        Raises:
            EngineError: it cannot be created; whatever the caller's use of it raises.
        """
        async with self._lock:
            self._stop_idling()
            key = _key(settings)
            if self._engine is None or key != self._key:
                await self._unload()
                # In a thread: finding the model may read the disk.
                self._engine = await asyncio.to_thread(self._create, settings)
                self._key = key
            try:
                yield self._engine
            except EngineError:
                await self._unload()  # the next search starts afresh
                raise
            finally:
                if self._engine is not None:
                    self._unloading = asyncio.create_task(self._unload_when_idle())

    async def close(self) -> None:
        """End the engine, used or not. Safe to call twice."""
        async with self._lock:
            self._stop_idling()
            await self._unload()

    async def _unload_when_idle(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        async with self._lock:
            self._unloading = None
            logger.info("The engine was idle and is unloaded.")
            await self._unload()

    def _stop_idling(self) -> None:
        if self._unloading is not None:
            self._unloading.cancel()
            self._unloading = None

    async def _unload(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def _key(settings: Settings) -> tuple[object, ...]:
    """The settings that an engine is built from; another value needs another engine."""
    return (
        settings.engine,
        settings.script,
        settings.model,
        settings.context,
        settings.threads,
        settings.gpu_layers,
        settings.flash_attention,
        settings.endpoint,
        settings.concurrency,
    )
