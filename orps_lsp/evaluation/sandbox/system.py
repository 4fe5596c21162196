"""What of the system itself every program may read: the one list that the sandboxes go by."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

DIRECTORIES = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt"),
    *("/nix/store", "/gnu/store", "/sys/devices/system"),
)

_CONFIGURATION = Path("/etc")
_LISTED = stat.S_IROTH | stat.S_IXOTH


def secrets(needed: Sequence[Path]) -> list[Path]:
    """Return what of the configuration not everybody may read, unless something needed is in it.

    A sandbox that root starts runs as root as far as the owners of files are concerned.
    """
    found: list[Path] = []
    pending = [_CONFIGURATION]
    while pending:
        for entry in _entries(pending.pop()):
            if entry.is_symlink():
                continue
            mode = entry.lstat().st_mode
            public = _LISTED if stat.S_ISDIR(mode) else stat.S_IROTH
            if mode & public != public and not any(path.is_relative_to(entry) for path in needed):
                found.append(entry)
            elif stat.S_ISDIR(mode):
                pending.append(entry)
    return sorted(found)


def without(directory: Path, hidden: list[Path]) -> list[Path]:
    """Return the largest files and directories in ``directory`` that hold nothing ``hidden``."""
    if directory in hidden or directory.is_symlink():
        return []
    if not any(directory in path.parents for path in hidden):
        return [directory]
    return [path for entry in _entries(directory) for path in without(entry, hidden)]


def _entries(directory: Path) -> list[Path]:
    try:
        return [directory / name for name in os.listdir(directory)]  # noqa: PTH208
    except OSError:  # not ours to list, or gone meanwhile
        return []
