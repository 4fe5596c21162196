"""The folders that orps-lsp writes to."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from rich.filesize import decimal

from orps_lsp.doctor.types import Check, Status

_LOW = 1 << 30


def check(name: str, folder: Path, setting: str, *, needed: int | None) -> Check:
    """Try to write where ``folder`` is or would be made.

    ``needed`` is how many bytes must fit into it before refining works; None where nothing must,
    so that a folder that cannot be written is no error. ``setting`` names the environment variable
    that chooses another folder.
    """
    bad = Status.WARNING if needed is None else Status.ERROR
    existing = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return Check(
            name,
            bad,
            f"{folder} cannot be written ({error.strerror})",
            f"Correct its permissions, or name another folder in {setting}.",
        )
    found = f"{folder}, {decimal(free)} free"
    if needed and free < needed:
        return Check(
            name,
            bad,
            f"{found}; the model takes {decimal(needed)}",
            f"Make room, or name a folder on another disk in {setting}.",
        )
    if free < _LOW:
        return Check(name, Status.WARNING, f"{found}, which is little", "Make room on that disk.")
    return Check(name, Status.OK, found)
