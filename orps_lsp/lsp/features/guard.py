"""Registers handlers so that a fault in one is told, and stops nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

Handler = Callable[..., Any]


def feature(server: OrpsServer, method: str, handler: Handler, options: Any = None) -> None:
    """Answer an LSP method with ``handler(server, params)``; it may be a coroutine function."""
    server.feature(method, options)(guarded(server, method, handler))


def command(server: OrpsServer, name: str, handler: Handler) -> None:
    """Answer ``workspace/executeCommand`` for a command with ``handler(server, *arguments)``."""
    server.command(name)(guarded(server, name, handler))


def guarded(server: OrpsServer, name: str, handler: Handler) -> Handler:
    """Bind the server to a handler, and turn what it raises into the client's error."""
    if inspect.iscoroutinefunction(handler):

        async def call_async(*params: Any) -> Any:
            try:
                return await handler(server, *params)
            except Exception as error:
                raise server.failure(name, error) from error

        return call_async

    def call(*params: Any) -> Any:
        try:
            return handler(server, *params)
        except Exception as error:
            raise server.failure(name, error) from error

    return call
