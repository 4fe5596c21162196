"""``initialize``, ``shutdown``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types

from orps_lsp.lsp import capabilities
from orps_lsp.lsp.features.guard import feature

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    feature(server, types.INITIALIZE, initialize)
    feature(server, types.SHUTDOWN, shutdown)


def initialize(server: OrpsServer, params: types.InitializeParams) -> None:
    """Take what the client says of itself: ``initializationOptions`` are ``{orps, trusted}``."""
    session = server.session
    session.capabilities = capabilities.resolve(params.capabilities)
    session.codec = server.workspace.position_codec
    options = params.initialization_options
    if isinstance(options, Mapping):
        session.trusted = options.get("trusted") is not False
        session.set_initial_settings(options.get("orps"))


async def shutdown(server: OrpsServer, _: None) -> None:
    """End every search and the engine before answering."""
    server.closed = True
    await server.session.close()
