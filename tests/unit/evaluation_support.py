"""Small projects on disk, evaluated for real: the real worker in a real sandbox."""

from __future__ import annotations

import importlib.metadata
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from orps_lsp.config import Settings
from orps_lsp.evaluation.evaluator import LocalEvaluator, open_evaluator
from orps_lsp.evaluation.protocol import Target

# The projects do without the plugins of our own environment, which take seconds to import.
PLUGINS = {entry.name for entry in importlib.metadata.entry_points(group="pytest11")}
NO_PLUGINS = " ".join(f"-p no:{name}" for name in sorted(PLUGINS))


def write_project(root: Path, files: Mapping[str, str], options: str = "") -> Path:
    """Write the files, and a pytest.ini with more ``options`` if they need any."""
    configuration = f"[pytest]\naddopts = {NO_PLUGINS}\n{options}"
    for name, text in {"pytest.ini": configuration, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return root


@asynccontextmanager
async def evaluating(
    root: Path, qualname: str, file: str = "core.py", **settings: object
) -> AsyncIterator[LocalEvaluator]:
    """Open an evaluator for a function of the project; close it at the end."""
    path = root / file
    target = Target(root, path, qualname, path.read_text(encoding="utf-8"))
    evaluator = await open_evaluator(target, Settings(**settings))  # type: ignore[arg-type]
    try:
        yield evaluator
    finally:
        await evaluator.close()
