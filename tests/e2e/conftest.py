"""Editors that leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from editor_client import FULL, PATIENCE, Editor, Start, descendants
from project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "work space", tmp_path)


@asynccontextmanager
async def editors(project: Project) -> AsyncIterator[Start]:
    """Start editors; at the end they exit, and with them every process of theirs."""
    started: list[Editor] = []

    async def start(
        settings: dict[str, Any] | None = None, capabilities: Any = FULL, **more: Any
    ) -> Editor:
        editor = await Editor.start(
            project.folder, settings or project.settings(), capabilities, **more
        )
        started.append(editor)
        editor.open(project.module)
        return editor

    yield start
    for editor in started:
        children = descendants(editor.pid)
        await editor.stop()
        _, alive = psutil.wait_procs(children, timeout=PATIENCE)
        assert not alive, f"left behind: {alive}"


@pytest.fixture
async def start(project: Project) -> AsyncIterator[Start]:
    async with editors(project) as start:
        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """One editor for a module's tests, which begin with ``shared.reset()``."""
    folder = tmp_path_factory.mktemp("shared")
    async with editors(Project(folder / "project", folder)) as start:
        yield await start()
