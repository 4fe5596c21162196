"""What the server answers: one module for each LSP method or group of them.

Every module has ``register(server)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orps_lsp.lsp.features import (
    code_action,
    code_lens,
    commands,
    configuration,
    hover,
    lifecycle,
    machine,
    text_sync,
    views,
)

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    """Give the server all its features."""
    for feature in (
        lifecycle,
        configuration,
        text_sync,
        code_action,
        code_lens,
        hover,
        commands,
        views,
        machine,
    ):
        feature.register(server)
