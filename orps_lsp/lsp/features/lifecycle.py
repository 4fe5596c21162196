"""``initialize``, ``shutdown``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orps_lsp.lsp import capabilities
from orps_lsp.lsp.features.guard import feature

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

TRUST = "orps/didChangeTrust"


def register(server: OrpsServer) -> None:
    feature(server, types.INITIALIZE, initialize)
    feature(server, types.SHUTDOWN, shutdown)
    feature(server, TRUST, did_change_trust)


def initialize(server: OrpsServer, params: types.InitializeParams) -> None:
    """Take what the client says of itself: ``initializationOptions`` are ``{orps, trusted}``."""
    server.see_client()
    session = server.session
    session.capabilities = capabilities.resolve(params.capabilities)
    session.codec = server.workspace.position_codec
    root = server.workspace.root_path
    session.workspace = Path(root) if root else None
    options = params.initialization_options
    if isinstance(options, Mapping):
        session.trusted = options.get("trusted") is not False
        session.set_initial_settings(options.get("orps"))


def did_change_trust(server: OrpsServer, params: Any) -> None:
    """``orps/didChangeTrust {trusted}``: the user has decided about this workspace."""
    server.session.trusted = getattr(params, "trusted", None) is True
    server.tell_status()
    server.refresh_lenses()


async def shutdown(server: OrpsServer, _: None) -> None:
    """End every search and the engine before answering."""
    await server.close()
