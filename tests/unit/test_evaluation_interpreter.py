"""Finding the interpreter of the user's project."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import InterpreterError


def environment(root: Path) -> Path:
    """A virtual environment as venv makes it, without pip and the time that takes."""
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to(sys.executable)
    home = Path(sys.base_prefix) / "bin"
    (root / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    return root


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def test_ours_is_used_where_the_project_has_none(tmp_path: Path) -> None:
    found = await interpreter.find(tmp_path, environ={})
    assert found.origin == "own"
    assert found.version == sys.version_info[:3]
    assert found.has_pytest
    assert found.base_prefix == Path(sys.base_prefix)
    assert str(found.path) in found.label


@pytest.mark.parametrize("name", [".venv", "venv"])
async def test_the_workspaces_environment_goes_before_ours(tmp_path: Path, name: str) -> None:
    environment(tmp_path / name)
    found = await interpreter.find(tmp_path, environ={})
    assert found.origin == name
    assert found.prefix == tmp_path / name
    assert not found.has_pytest


async def test_the_active_environment_goes_before_the_workspaces(tmp_path: Path) -> None:
    environment(tmp_path / ".venv")
    active = environment(tmp_path / "active")
    found = await interpreter.find(tmp_path, environ={"VIRTUAL_ENV": str(active)})
    assert (found.origin, found.prefix) == ("VIRTUAL_ENV", active)


@pytest.mark.parametrize("setting", ["chosen", "chosen/bin/python"])
async def test_the_setting_goes_before_everything(tmp_path: Path, setting: str) -> None:
    chosen = environment(tmp_path / "chosen")
    active = environment(tmp_path / "active")
    found = await interpreter.find(tmp_path, setting, {"VIRTUAL_ENV": str(active)})
    assert (found.origin, found.prefix) == ("setting", chosen)


async def test_a_broken_active_environment_is_noted_and_passed_over(tmp_path: Path) -> None:
    found = await interpreter.find(tmp_path, environ={"VIRTUAL_ENV": str(tmp_path / "gone")})
    assert found.origin == "own"
    assert len(found.notes) == 1
    assert "VIRTUAL_ENV" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo hello", "no working Python"),
        ("echo it broke >&2; exit 3", "it broke"),
        (
            """echo '{"version": [3, 7, 9], "prefix": "/", "base_prefix": "/", "path": [], """
            """"user_base": "/", "user_site": "/", "has_pytest": false}'""",
            "3.8 or later",
        ),
    ],
)
async def test_a_setting_that_is_no_python_is_an_error(
    tmp_path: Path, text: str, words: str
) -> None:
    path = script(tmp_path / "python", text)
    with pytest.raises(InterpreterError, match=words) as error:
        await interpreter.find(tmp_path, str(path), {})
    assert "python" in error.value.advice


async def test_a_setting_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="cannot be started"):
        await interpreter.find(tmp_path, "no/such/python", {})


async def test_an_interpreter_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "PROBE_SECONDS", 0.2)
    path = script(tmp_path / "python", f"echo $$ > {tmp_path}/pid; exec tail -f /dev/null")
    with pytest.raises(InterpreterError, match="did not answer"):
        await asyncio.wait_for(interpreter.find(tmp_path, str(path), {}), 10)
    pid = (tmp_path / "pid").read_text().strip()
    assert not psutil.pid_exists(int(pid))


async def test_the_interpreter_is_asked_without_the_workspaces_code(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the workspace was imported')\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('the workspace was imported')\n")
    found = await interpreter.find(tmp_path, environ={"PYTHONPATH": str(tmp_path)})
    assert found.origin == "own"
