"""What the client can do, resolved once into plain booleans (LSP ``ClientCapabilities``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.capabilities import get_capability


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The defaults are those of a client that announces nothing."""

    action_literals: bool = False  # CodeAction objects; otherwise bare commands
    action_disabled: bool = False
    action_resolve_edit: bool = False
    apply_edit: bool = False
    document_changes: bool = False  # versioned edits
    change_annotations: bool = False
    work_done_progress: bool = False
    code_lens_refresh: bool = False
    configuration: bool = False
    configuration_registration: bool = False
    hover_markdown: bool = False
    show_document: bool = False
    job_notifications: bool = False  # orps/progress, orps/finished, orps/status
    views: bool = False  # shows comparisons and reports itself


def resolve(client: types.ClientCapabilities) -> Capabilities:
    """Read what matters here from what the client announced."""
    resolvable = get_capability(client, "text_document.code_action.resolve_support.properties")
    hover_formats = get_capability(client, "text_document.hover.content_format")
    edits = get_capability(client, "workspace.workspace_edit")
    versioned = bool(edits and edits.document_changes)
    configuration = get_capability(client, "workspace.did_change_configuration")
    return Capabilities(
        action_literals=bool(
            get_capability(client, "text_document.code_action.code_action_literal_support")
        ),
        action_disabled=bool(get_capability(client, "text_document.code_action.disabled_support")),
        action_resolve_edit="edit" in (resolvable or ())
        and bool(get_capability(client, "text_document.code_action.data_support")),
        apply_edit=bool(get_capability(client, "workspace.apply_edit")),
        document_changes=versioned,
        change_annotations=versioned and bool(edits and edits.change_annotation_support),
        work_done_progress=bool(get_capability(client, "window.work_done_progress")),
        code_lens_refresh=bool(get_capability(client, "workspace.code_lens.refresh_support")),
        configuration=bool(get_capability(client, "workspace.configuration")),
        configuration_registration=bool(configuration and configuration.dynamic_registration),
        hover_markdown=types.MarkupKind.Markdown in (hover_formats or ()),
        show_document=bool(get_capability(client, "window.show_document.support")),
        job_notifications=_announces(client.experimental, "notifications"),
        views=_announces(client.experimental, "views"),
    )


def _announces(experimental: Any, name: str) -> bool:
    """``{"experimental": {"orps": {NAME: true}}}``."""
    table = experimental.get("orps") if isinstance(experimental, Mapping) else None
    return isinstance(table, Mapping) and table.get(name) is True
