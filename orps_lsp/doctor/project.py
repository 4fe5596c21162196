"""The project in a folder: its interpreter, its pytest, its settings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from orps_lsp.config import Problem
from orps_lsp.doctor.children import ChildFailed, ask
from orps_lsp.doctor.types import Check, Status, with_command
from orps_lsp.evaluation.project.interpreter import Interpreter

_SECONDS = 15.0
_PYTEST_VERSION = "import importlib.metadata as m; print(m.version('pytest'))"
_ORIGINS = {
    "setting": "as `python` is set",
    "VIRTUAL_ENV": "the active environment",
    "CONDA_PREFIX": "the active conda environment",
    ".venv": "the project's .venv",
    "venv": "the project's venv",
    "own": "orps-lsp's own, because the project has no environment",
}


def check_interpreter(interpreter: Interpreter) -> Check:
    """Say which Python runs the project's tests."""
    found = f"{interpreter.label}, {_ORIGINS.get(interpreter.origin, interpreter.origin)}"
    if interpreter.notes:
        return Check(
            "interpreter",
            Status.WARNING,
            f"{found}. {' '.join(interpreter.notes)}",
            "Mend that environment, or name the right interpreter with `python`.",
        )
    return Check("interpreter", Status.OK, found)


async def check_pytest(interpreter: Interpreter) -> Check:
    """Say what runs the project's tests, and which version of it."""
    python = shlex.quote(str(interpreter.path))
    if interpreter.has_pytest:
        try:
            program = (str(interpreter.path), "-I", "-c", _PYTEST_VERSION)
            return Check("pytest", Status.OK, (await ask(program, _SECONDS)).strip())
        except ChildFailed as failed:
            return Check(
                "pytest",
                Status.WARNING,
                f"it is there, but does not tell its version. {failed.message}",
                with_command(
                    "Install it anew:", f"{python} -m pip install --force-reinstall pytest"
                ),
            )
    return Check(
        "pytest",
        Status.WARNING,
        "the project's Python has none; its tests run with unittest, which finds no plain test "
        "functions",
        with_command(
            "If the tests are pytest's, install it there:", f"{python} -m pip install pytest"
        )
        + f"\n{with_command('or, in a project of uv:', 'uv add --dev pytest')}",
    )


def check_settings(workspace: Path, problems: Sequence[Problem]) -> Check:
    """Say what is wrong with the project's ``[tool.orps]``."""
    file = workspace / "pyproject.toml"
    if problems:
        return Check(
            "settings",
            Status.WARNING,
            " ".join(problem.message for problem in problems),
            f"Correct [tool.orps] in {file}; what is wrong is ignored until then.",
        )
    where = f"no problem in {file}" if file.is_file() else "the defaults: no pyproject.toml here"
    return Check("settings", Status.OK, where)
