"""Small projects, scripts for the scripted engine, and editors that leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from editor_client import FULL, PATIENCE, Editor

MODULE = '''"""Reports."""

GREETING = "hello"


def unique(items):
    """Distinct items, in the order of their first appearance."""
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result


def total(rows):
    """Sum of the amounts."""
    result = 0
    for row in rows:
        result = result + row
    return result
'''
TESTS = """from report import total, unique


def test_order_is_kept():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_many():
    assert unique(list(range(300)) * 2) == list(range(300))


def test_total():
    assert total([1, 2, 3]) == 6
"""
FAST = """def unique(items):
    return list(dict.fromkeys(items))
```
This is linear."""
BETTER = MODULE.replace(
    """    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result
""",
    """    return list(dict.fromkeys(items))
""",
    1,
)
WRONG = """def unique(items):
    return sorted(set(items))
```
"""
SHORT_TOTAL = """def total(rows):
    return sum(rows)
```
"""
CRITIQUE = "It keeps the order | and is *linear*."

Start = Callable[..., Awaitable[Editor]]


class Project:
    """A workspace with one module, its tests, and a script for the engine."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder = folder
        self.module = folder / "report.py"
        self._script = scripts / "script.json"
        folder.mkdir()
        (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
        self.module.write_text(MODULE)
        (folder / "test_report.py").write_text(TESTS)

    def settings(self, *answers: str, **script: Any) -> dict[str, Any]:
        """Settings for a short search over these answers."""
        script = {"answers": answers or (WRONG, FAST), "critiques": [CRITIQUE], **script}
        self._script.write_text(json.dumps(script))
        return {
            "engine": "scripted",
            "script": str(self._script),
            "candidates": len(script["answers"]),
            "rounds": 1,
        }


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


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
