"""Under which name a file of the project is imported."""

from __future__ import annotations

from pathlib import Path


def import_name(file: Path, workspace: Path) -> tuple[str, Path]:
    """Return the module's dotted name, and the folder that must be on ``sys.path`` for it.

    The folder is the first one upwards that is no package. A folder without ``__init__.py`` may be
    a namespace package, but is one only for those who import through it.
    """
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    while folder != workspace and (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder
