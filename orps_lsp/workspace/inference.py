"""jedi, so that it reads a project and never runs it.

By itself jedi starts the project's interpreter beside the sandbox and imports extension modules
there, and with them the packages that they are in. Here nothing of the project is imported: its
``sys.path`` and version are given, its extension modules stay unknown, and of our own interpreter
only the standard library's are loaded.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jedi
from jedi import settings
from jedi.inference.compiled.subprocess import InferenceStateSameProcess, functions

from orps_lsp.store import Store
from orps_lsp.workspace import parsed

logger = logging.getLogger(__name__)

_OLDEST = (3, 8)  # that jedi's parser knows the syntax of
_NEWEST = (3, 14)


@dataclass(frozen=True, slots=True)
class Target:
    """What a name stands for. ``file`` is None for what is built in; ``line`` is 1-based.

    ``kind`` is jedi's: function, class, module, statement, param, property...
    """

    kind: str
    full_name: str
    file: Path | None
    line: int
    jedi_name: Any

    @property
    def package(self) -> str:
        """The first part of the name of its module."""
        return self.full_name.partition(".")[0]

    def signature(self) -> str:
        """``name(parameter, ...) -> type``; empty if that is not known."""
        try:
            found = self.jedi_name.get_signatures()
            return str(found[0].to_string()) if found else ""
        except Exception as error:  # jedi's faults are many
            logger.debug("No signature of %s: %r", self.full_name, error)
            return ""

    def summary(self) -> str:
        """The first line of its docstring; empty if there is none."""
        try:
            lines = str(self.jedi_name.docstring(raw=True)).strip().splitlines()
        except Exception as error:
            logger.debug("No docstring of %s: %r", self.full_name, error)
            return ""
        return lines[0].strip() if lines else ""


class Inference:
    """Resolves names in the files of one project. Not for more than one thread."""

    def __init__(self, workspace: Path, path: Sequence[str], version: tuple[int, int]) -> None:
        settings.auto_import_modules = []  # jedi imports these
        settings.dynamic_params_for_other_modules = False  # searches the whole workspace
        parsed.keep_in(Store())
        self._environment = _Environment(path, version)
        self._project = jedi.Project(workspace, sys_path=list(path))

    def read(self, source: str, file: Path) -> Names:
        """Read a file's text; ``file`` says where its imports start from."""
        script = jedi.Script(
            source, path=file, environment=self._environment, project=self._project
        )
        return Names(script)


class Names:
    """The names in one file."""

    def __init__(self, script: Any) -> None:
        self._script = script

    def targets(self, line: int, column: int) -> list[Target]:
        """Return what the name at a 1-based line and 0-based column stands for, through imports.

        Empty where jedi does not know, or fails.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the user's files
                found = self._script.goto(line, column, follow_imports=True)
                return list(map(_target, found))
        except Exception as error:  # jedi's faults are many; without an answer we do without
            logger.debug("jedi failed at %s:%s: %r", line, column, error)
            return []


def _target(name: Any) -> Target:
    path = name.module_path
    return Target(
        kind=name.type,
        full_name=name.full_name or name.name,
        file=Path(path).resolve() if path else None,
        line=name.line or 0,
        jedi_name=name,
    )


class _Version(NamedTuple):
    major: int
    minor: int
    micro: int


class _Environment(jedi.InterpreterEnvironment):  # type: ignore[misc]
    """Another interpreter's ``sys.path`` and version, without that interpreter."""

    version_info: _Version

    def __init__(self, path: Sequence[str], version: tuple[int, int]) -> None:
        super().__init__()
        self._path = list(path)
        self.version_info = _Version(*min(max(version, _OLDEST), _NEWEST), 0)

    def get_sys_path(self) -> list[str]:
        return list(self._path)

    def get_inference_state_subprocess(self, inference_state: Any) -> _Process:
        return _Process(inference_state)


class _Process(InferenceStateSameProcess):  # type: ignore[misc]
    """Where jedi gets at compiled modules: in this process, and only at the standard library's."""

    def load_module(self, *, dotted_name: str, sys_path: Sequence[str]) -> Any:
        if dotted_name.partition(".")[0] not in sys.stdlib_module_names:
            return None
        # Our own path: a workspace may have files by these names, too.
        state = self._inference_state_weakref()
        return functions.load_module(state, dotted_name=dotted_name, sys_path=sys.path)
