"""Find the projects in a folder, and in each the function that is to be made faster."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orps_lsp import files
from orps_lsp.bench.errors import BenchError
from orps_lsp.evaluation.protocol import Target

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = "orps-bench"
_FORM = f'[tool.{TABLE}]\nfunction = "package/module.py::Class.method"'


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with its own pyproject.toml. ``file`` is in ``root``, ``qualname`` in ``file``."""

    name: str
    root: Path
    file: Path
    qualname: str

    @property
    def function(self) -> str:
        return f"{self.file.relative_to(self.root).as_posix()}::{self.qualname}"

    def target(self) -> Target:
        """Read the function's file.

        Raises:
            FileError: it cannot be read.
        """
        return Target(self.root, self.file, self.qualname, files.read(self.file).text)


def find(folder: Path, only: Collection[str] = ()) -> tuple[Project, ...]:
    """Return the projects directly in ``folder``, or itself if it is one, sorted by name.

    A project says in its pyproject.toml which function is meant::

        [tool.orps-bench]
        function = "package/module.py::Class.method"

    Other folders are passed over. ``only`` names those wanted; empty: all.

    Raises:
        BenchError: there is none, one of ``only`` is missing, or a table is wrong.
    """
    folders = [folder, *sorted(path for path in _children(folder) if path.is_dir())]
    found = {project.name: project for each in folders if (project := _project(each.resolve()))}
    if not found:
        raise BenchError(f"There is no project in {folder}.", f"One has in its pyproject:\n{_FORM}")
    if missing := sorted({*only} - found.keys()):
        raise BenchError(
            f"There is no project {', '.join(missing)} in {folder}.",
            f"There are: {', '.join(found)}.",
        )
    return tuple(project for name, project in found.items() if not only or name in only)


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise BenchError(f"{folder} cannot be listed: {error}.", "Name a folder.") from error


def _project(root: Path) -> Project | None:
    """Read the table; None where there is none."""
    path = root / "pyproject.toml"
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchError(f"{path} cannot be read: {error}.", "Correct it.") from error
    table = document.get("tool", {}).get(TABLE)
    if table is None:
        return None
    function = table.get("function") if isinstance(table, dict) else None
    name, _, qualname = function.partition("::") if isinstance(function, str) else ("", "", "")
    file = (root / name).resolve()
    if not (qualname and file.is_file() and file.is_relative_to(root)):
        raise BenchError(f"{path} names no function of a file in it.", f"Write:\n{_FORM}")
    return Project(root.name, root, file, qualname)
