"""Find the Python interpreter of the user's project."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orps_lsp.evaluation.protocol import InterpreterError

MINIMUM = (3, 8)
PROBE_SECONDS = 10.0

_PROBE = """
import importlib.util, json, site, sys
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "path": [entry for entry in sys.path if entry],
    "user_base": site.getuserbase(),
    "user_site": site.getusersitepackages(),
    "has_pytest": importlib.util.find_spec("pytest") is not None,
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was seen to run.

    ``origin`` says how it was found: ``setting``, ``VIRTUAL_ENV``, ``CONDA_PREFIX``, ``.venv``,
    ``venv`` or ``own``; ``notes`` are sentences about those that were passed over.
    """

    path: Path
    version: tuple[int, int, int]
    prefix: Path
    base_prefix: Path
    sys_path: tuple[Path, ...]
    user_base: Path | None
    has_pytest: bool
    origin: str
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Path and version, for people."""
        return f"{self.path} (Python {'.'.join(map(str, self.version))})"


async def find(
    workspace: Path, setting: str = "", environ: Mapping[str, str] | None = None
) -> Interpreter:
    """Return the first that runs of: ``setting``, the active environment, the workspace's, ours.

    Raises:
        InterpreterError: ``setting`` names one that does not work; or none works.
    """
    environ = os.environ if environ is None else environ
    if setting:
        path = _resolve(workspace, setting)
        try:
            return await _probe(path, "setting", ())
        except InterpreterError as error:
            raise InterpreterError(
                f"The interpreter set for the project cannot be used: {error.message}",
                "Correct the setting 'python', or leave it empty to have one found.",
            ) from error
    notes: list[str] = []
    for origin, path in _candidates(workspace, environ):
        try:
            return await _probe(path, origin, tuple(notes))
        except InterpreterError as error:
            notes.append(f"The interpreter of {origin} was passed over: {error.message}")
    raise InterpreterError(
        "No Python interpreter for the project works. " + " ".join(notes),
        "Set 'python' to the interpreter that runs the project's tests.",
    )


def _resolve(workspace: Path, setting: str) -> Path:
    path = Path(setting).expanduser()
    path = path if path.is_absolute() else workspace / path
    return _python_in(path) if path.is_dir() else path


def _candidates(workspace: Path, environ: Mapping[str, str]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(name):
            found.append((name, _python_in(Path(environ[name]))))
    for name in (".venv", "venv"):
        if (workspace / name / "pyvenv.cfg").is_file():
            found.append((name, _python_in(workspace / name)))
    found.append(("own", Path(sys.executable)))
    return found


def _python_in(prefix: Path) -> Path:
    if os.name == "nt":
        return prefix / "Scripts" / "python.exe"
    return prefix / "bin" / "python"


async def _probe(path: Path, origin: str, notes: tuple[str, ...]) -> Interpreter:
    """Run it once, isolated from environment and working directory."""
    advice = "Choose another interpreter."
    try:
        process = await asyncio.create_subprocess_exec(
            str(path),
            "-I",
            "-c",
            _PROBE,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise InterpreterError(f"{path} cannot be started ({error.strerror}).", advice) from error
    try:
        output, errors = await asyncio.wait_for(process.communicate(), PROBE_SECONDS)
    except asyncio.TimeoutError:
        raise InterpreterError(
            f"{path} did not answer within {PROBE_SECONDS:g} s.", advice
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        answer = json.loads(output)
    except ValueError:
        words = errors.decode(errors="replace").strip().splitlines()
        detail = f" ({words[-1][:200]})" if words else ""
        raise InterpreterError(f"{path} is no working Python{detail}.", advice) from None
    version = tuple(answer["version"])
    if version < MINIMUM:
        raise InterpreterError(
            f"{path} is Python {'.'.join(map(str, version))}; 3.8 or later is needed.", advice
        )
    user_site = Path(answer["user_site"])
    isolated = answer["prefix"] != answer["base_prefix"]  # a venv does not see the user's site
    sys_path = [Path(entry) for entry in answer["path"]]
    return Interpreter(
        path=path,
        version=version,
        prefix=Path(answer["prefix"]),
        base_prefix=Path(answer["base_prefix"]),
        sys_path=tuple(sys_path if isolated else [*sys_path, user_site]),
        user_base=None if isolated else Path(answer["user_base"]),
        has_pytest=answer["has_pytest"],
        origin=origin,
        notes=notes,
    )
