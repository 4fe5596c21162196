"""``workspace/executeCommand``: the server's state, and the models of this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orps_lsp.lsp.features import commands
from orps_lsp.lsp.features.arguments import Arguments
from orps_lsp.lsp.features.commands import Answer
from orps_lsp.lsp.status import status

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    commands.add(
        server,
        {
            commands.STATUS: show_status,
            commands.MODELS: list_models,
            commands.FETCH_MODEL: fetch_model,
        },
    )


async def show_status(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{}``: what ``orps/status`` says, looked at anew."""
    session = server.session
    settings = session.workspace_settings
    await session.readiness.look_for_model(settings)
    if session.trusted:
        await session.readiness.try_sandbox(settings)
    return status(server)


async def list_models(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{}``: the catalogue and what else is here, as ``orps-lsp models list --json`` has it.

    ``chosen`` is what the settings name.
    """
    from orps_lsp import models

    known = await asyncio.to_thread(models.overview)
    return {"models": known, "chosen": server.session.workspace_settings.model}


async def fetch_model(server: OrpsServer, arguments: Arguments) -> Answer:
    """``{model?}``: download a model, or the one that the settings name; answers at the end.

    Returns ``{model, path}``.
    """
    from orps_lsp import models

    session = server.session
    asked = arguments.text("model") if "model" in arguments else session.workspace_settings.model
    name = (await asyncio.to_thread(models.resolve, asked)).name
    path = await server.downloads.fetch(name)
    await session.readiness.look_for_model(session.workspace_settings)
    server.tell_status()
    return {"model": name, "path": str(path)}
