"""Settings from the editor: ``workspace/configuration``, ``workspace/didChangeConfiguration``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orps_lsp.lsp.features.guard import feature

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

SECTION = "orps"


def register(server: OrpsServer) -> None:
    feature(server, types.INITIALIZED, initialized)
    feature(server, types.WORKSPACE_DID_CHANGE_CONFIGURATION, did_change_configuration)


async def initialized(server: OrpsServer, _: types.InitializedParams) -> None:
    """Read all settings once, so that what is wrong with them is said at the start."""
    await _pull(server)
    await _take_effect(server)
    if server.session.trusted and server.capabilities.job_notifications:
        await server.session.readiness.try_sandbox(server.session.workspace_settings)
        server.tell_status()
    if server.capabilities.configuration_registration:
        registration = types.Registration(
            id=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        try:
            await server.client_register_capability_async(types.RegistrationParams([registration]))
        except JsonRpcException as error:
            server.log(f"Changes of settings may need a restart: {error}")


async def did_change_configuration(
    server: OrpsServer, params: types.DidChangeConfigurationParams
) -> None:
    """Take new settings. A client that can be asked is asked; what others send is taken."""
    if server.capabilities.configuration:
        await _pull(server)
    elif isinstance(params.settings, Mapping):
        server.session.set_editor_settings(params.settings.get(SECTION))
    await _take_effect(server)


async def _take_effect(server: OrpsServer) -> None:
    """Say what is wrong with the settings, and bring what is shown up to date."""
    settings = server.session.workspace_settings
    await server.session.readiness.look_for_model(settings)
    server.tell_status()
    server.refresh_lenses()


async def _pull(server: OrpsServer) -> None:
    if not server.capabilities.configuration:
        return
    item = types.ConfigurationItem(section=SECTION)
    try:
        values = await server.workspace_configuration_async(types.ConfigurationParams([item]))
    except JsonRpcException as error:
        server.log(f"The editor's settings cannot be read: {error}")
        return
    server.session.set_editor_settings(values[0] if values else None)
