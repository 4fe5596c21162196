"""What goes wrong is said, and stops neither the server nor leaves anything behind."""

from __future__ import annotations

import asyncio
import os
import signal

import psutil
import pytest
from editor_client import PATIENCE, Editor, Start, descendants
from lsprotocol import types
from project import Project
from pygls.exceptions import JsonRpcException


async def alive(editor: Editor) -> bool:
    return bool(await editor.actions("def unique"))


async def test_an_untrusted_workspace_runs_nothing(start: Start) -> None:
    editor = await start(trusted=False)
    (action,) = await editor.actions("def unique")
    assert "untrusted" in action.disabled.reason
    with pytest.raises(JsonRpcException, match="untrusted"):
        await editor.refine("unique")
    assert not descendants(editor.pid)


async def test_an_engine_that_does_not_start_is_told(start: Start, project: Project) -> None:
    editor = await start(project.settings(fail="The model file is broken."))
    end = await editor.refined("unique")
    assert end["state"] == "failed"
    (message,) = editor.messages(types.MessageType.Error)
    assert "The model file is broken." in message
    project.settings()  # mended on disk; the failed engine must not be kept
    assert len((await editor.refined("unique"))["refinements"]) == 1


async def test_wrong_settings_are_told_once(start: Start, project: Project) -> None:
    with (project.folder / "pyproject.toml").open("a") as file:
        file.write('[tool.orps]\nsandbox = "none"\nbeams = 3\n')
    wrong = {"rounds": "many", "tokens": None}
    editor = await start({**project.settings(), **wrong}, configuration=wrong)
    await editor.refined("unique")
    warnings = editor.messages(types.MessageType.Warning)
    assert len(warnings) == 1
    for word in (
        "'rounds' must be a whole number",
        "unknown setting 'beams'",
        "'sandbox' can only",
    ):
        assert any(word in text for text in warnings)


async def test_settings_change_without_a_restart(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=3600.0))
    script = project.folder.parent / "other.json"
    script.write_text('{"answers": ["nothing"]}')
    editor.client.set_configuration({"script": str(script), "candidates": 1}, section="orps")
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    await editor.until(lambda: editor.settings_asked == 2)  # at the start, and now
    assert len((await editor.refined("unique"))["refinements"]) == 0


async def test_shutdown_in_a_search_leaves_nothing(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=3600.0))
    await editor.refine("unique")
    await editor.until(lambda: editor.progress and descendants(editor.pid))
    children = descendants(editor.pid)
    await editor.stop()
    assert editor.client._server is not None and editor.client._server.returncode == 0
    _, left = psutil.wait_procs(children, timeout=PATIENCE)
    assert not left


@pytest.mark.parametrize("end", ["hang up", "terminate", "kill"])
async def test_the_server_goes_with_its_client(start: Start, project: Project, end: str) -> None:
    editor = await start(project.settings(delay=3600.0))
    await editor.refine("unique")
    await editor.until(lambda: editor.progress and descendants(editor.pid))
    children = descendants(editor.pid)
    server = editor.client._server
    assert server is not None and server.stdin is not None
    if end == "hang up":
        server.stdin.close()
    else:
        os.kill(editor.pid, signal.SIGTERM if end == "terminate" else signal.SIGKILL)
    await asyncio.wait_for(server.wait(), PATIENCE)
    _, left = psutil.wait_procs(children, timeout=PATIENCE)
    assert not left


async def test_a_stray_print_does_not_reach_the_client(project: Project) -> None:
    code = "import os, sys; from orps_lsp.lsp import server; start = server.create_server\n"
    code += "server.create_server = lambda: (print('stray'), os.write(1, b'bytes'), start())[2]\n"
    code += "sys.exit(server.serve())"
    editor = await Editor.start(project.folder, project.settings(), command=["-c", code])
    editor.open(project.module)
    assert await alive(editor)
    await editor.stop()
