"""What the server's own process needs of the machine; engine and sandbox have theirs."""

from __future__ import annotations

import sys

import pytest
from editor_client import Start, memory
from project import Project
from scripted import BY_KEYS, UNORDERED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MIB = 2**20
AT_REST = 60 * MIB
SEARCHING = 70 * MIB
GROWTH = 3 * MIB  # of ten searches
LONG = f'TABLE = """{"0123456789 " * 30_000}"""\n'  # kept with every version, it would show


async def test_the_server_stays_small(start: Start, project: Project) -> None:
    with project.module.open("a") as file:
        file.write(LONG)
    editor = await start(project.settings(UNORDERED, BY_KEYS))
    await editor.actions("def unique")
    await editor.hover("def unique")
    assert memory(editor.pid, "VmHWM") < AT_REST

    async def search(times: int) -> int:
        for _ in range(times):
            assert len((await editor.refined("unique"))["refinements"]) == 1
        return memory(editor.pid, "VmRSS")

    after_two = await search(2)
    assert memory(editor.pid, "VmHWM") < SEARCHING
    assert await search(10) - after_two < GROWTH
