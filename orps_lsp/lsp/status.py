"""What a status bar shows: ``orps/status`` (docs/protocol.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orps_lsp import __version__
from orps_lsp.lsp import words
from orps_lsp.lsp.session import UNTRUSTED

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

STATUS = "orps/status"


def status(server: OrpsServer) -> dict[str, Any]:
    """Return the server's state as clients receive it."""
    session = server.session
    model, jobs = session.readiness.model, session.jobs
    running = jobs.running
    state, message = _state(server)
    return {
        "state": state,
        "message": message,
        "version": __version__,
        "model": model
        and {"name": model.name, "present": model.present, "size_bytes": model.size_bytes},
        "engine": session.workspace_settings.engine,
        "sandbox": session.readiness.sandbox,
        "running": running
        and {
            "job": running.id,
            "function": running.work.qualname,
            "message": words.state_line(running, 0),
        },
        "waiting": jobs.waiting,
    }


def _state(server: OrpsServer) -> tuple[str, str]:
    session, readiness = server.session, server.session.readiness
    if not session.trusted:
        return "untrusted", UNTRUSTED
    if server.downloads.active:
        return "fetching", f"Fetching the model {server.downloads.active}."
    if session.jobs.running:
        return "refining", f"Refining {session.jobs.running.work.qualname}."
    if readiness.model and readiness.lacks_model:
        return "no_model", readiness.model.problem or words.model_missing(readiness.model)
    if readiness.sandbox == "":
        return "no_sandbox", readiness.sandbox_problem
    return "idle", "Ready."
