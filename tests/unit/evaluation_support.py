"""Small projects on disk, evaluated for real: the real worker in a real sandbox."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from orps_lsp.config import Settings
from orps_lsp.evaluation.evaluator import LocalEvaluator, open_evaluator
from orps_lsp.evaluation.protocol import Target


def write_project(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files; a project that must not be guessed to be part of ours has a pytest.ini."""
    for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
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
