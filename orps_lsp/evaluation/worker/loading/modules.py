"""Which loaded modules are the user's own, and which are libraries."""

from __future__ import annotations

import os
import sys


def inside(workspace: str) -> list[str]:
    """Return the names of loaded modules that are files of the workspace."""
    return [name for name, path in _files() if _is_own(path, workspace)]


def libraries(workspace: str) -> list[str]:
    """Return the loaded modules that a fresh process could import beforehand, in load order."""
    found = []
    for name, path in _files():
        if _is_own(path, workspace) or name.startswith(("_orps_worker", "__mp_")):
            continue
        spec = getattr(sys.modules[name], "__spec__", None)
        if spec is not None and spec.name == name:
            found.append(name)
    return found


def _files() -> list[list[str]]:
    found = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and name != "__main__":
            found.append([name, path])
    return found


def _is_own(path: str, workspace: str) -> bool:
    root = os.path.realpath(workspace) + os.sep
    real = os.path.realpath(path)
    if not real.startswith(root):
        return False
    # A virtual environment inside the workspace holds libraries.
    prefix = os.path.realpath(sys.prefix) + os.sep
    if prefix.startswith(root) and real.startswith(prefix):
        return False
    return not {"site-packages", "dist-packages"} & set(real.split(os.sep))
