"""What goes wrong is said, and stops neither the server nor leaves anything behind."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import psutil
import pytest
from conftest import Project, Start, descendants
from editor_client import PATIENCE, Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcException

HERE = {"line": 5, "character": 0}


async def alive(editor: Editor) -> bool:
    return bool(await editor.actions("def unique"))


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        ("orps.refine", [], "needs 'uri'"),
        ("orps.refine", [1], "takes an object, not 1"),
        ("orps.refine", [{}, {}], "takes one object, not 2"),
        ("orps.refine", [{"uri": 3}], "needs 'uri' to be a text"),
        ("orps.refine", [{"uri": "file:///elsewhere.py", "position": HERE}], "is not open"),
        ("orps.refine", [{"uri": "", "position": HERE}], "needs 'uri'"),
        ("orps.refine", ["URI"], "needs 'position'"),
        ("orps.refine", ["URI", "position", {"line": -1}], "{line, character}"),
        ("orps.refine", ["URI", "position", [5, 0]], "{line, character}"),
        ("orps.refine", ["URI", "position", {"line": 2}], "no function here"),
        ("orps.refine", ["URI", "position", {"line": 9999}], "no function here"),
        ("orps.refine", ["URI", "qualname", "uniqe"], "Did you mean 'unique'"),
        ("orps.refine", ["URI", "intent", "faster"], "one of fix, optimise, simplify"),
        ("orps.cancel", [{"job": 7}], "no job 7"),
        ("orps.cancel", [{"job": "1"}], "whole number"),
        ("orps.apply", [{"job": 1}], "no job 1"),
        ("orps.apply", [], "needs 'job'"),
        ("orps.results", [{"job": True}], "whole number"),
    ],
)
async def test_wrong_arguments_are_named(
    start: Start, command: str, arguments: list[Any], error: str
) -> None:
    editor = await start()
    if arguments[:1] == ["URI"]:
        arguments = [{"uri": editor.uri, **dict([arguments[1:]] if arguments[1:] else [])}]
    with pytest.raises(JsonRpcException) as caught:
        await editor.command(command, *arguments)
    assert error in str(caught.value)
    assert any(error in text for text in editor.messages(types.MessageType.Error))
    assert await alive(editor)


async def test_a_rank_that_is_not_there(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    with pytest.raises(JsonRpcException, match="no refinement 2"):
        await editor.command("orps.apply", {"job": end["job"], "rank": 2})


async def test_a_broken_file_says_where(start: Start) -> None:
    editor = await start()
    editor.replace("def unique(items):", "def unique(items:")
    (action,) = await editor.actions("def total")
    assert "line 6" in action.disabled.reason
    with pytest.raises(JsonRpcException, match="does not parse"):
        await editor.refine("unique")
    editor.replace("def unique(items:", "def unique(items):")
    assert not (await editor.actions("def total"))[0].disabled


async def test_no_function_and_generated_files_are_disabled_with_the_reason(start: Start) -> None:
    editor = await start()
    (action,) = await editor.actions("GREETING")
    assert action.disabled.reason == "There is no function here."
    editor.replace('"""Reports."""', "# @generated")
    (action,) = await editor.actions("def unique")
    assert "generated" in action.disabled.reason


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
    assert (await editor.refined("unique"))["refinements"] == 1


async def test_wrong_settings_are_told_once(start: Start, project: Project) -> None:
    with (project.folder / "pyproject.toml").open("a") as file:
        file.write('[tool.orps]\nsandbox = "none"\nbeams = 3\n')
    wrong = {"rounds": "many", "tokens": None}
    editor = await start({**project.settings(), **wrong}, configuration=wrong)
    await editor.refined("unique")
    warnings = editor.messages(types.MessageType.Warning)
    assert len(warnings) == len(set(warnings)) == 3
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
    await asyncio.sleep(0)
    assert (await editor.refined("unique"))["refinements"] == 0


async def test_shutdown_in_a_search_leaves_nothing(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=3600.0))
    await editor.refine("unique")
    await editor.until(lambda: editor.progress and descendants(editor.pid))
    children = descendants(editor.pid)
    await editor.stop()
    assert editor.client._server is not None and editor.client._server.returncode == 0
    _, left = psutil.wait_procs(children, timeout=PATIENCE)
    assert not left


@pytest.mark.parametrize("end", ["hang up", "terminate"])
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
        os.kill(editor.pid, signal.SIGTERM)
    await asyncio.wait_for(server.wait(), PATIENCE)
    _, left = psutil.wait_procs(children, timeout=PATIENCE)
    assert not left


async def test_changes_of_a_closed_document_are_harmless(start: Start) -> None:
    editor = await start()
    identifier = types.TextDocumentIdentifier(editor.uri)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    editor.replace("result = []", "result = list()")
    assert await editor.actions("def unique") == []
    editor.client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(editor.uri, "python", editor.version, editor.text)
        )
    )
    assert await alive(editor)


async def test_a_stray_print_does_not_reach_the_client(project: Project) -> None:
    code = "import os, sys; from orps_lsp.lsp import server; start = server.create_server\n"
    code += "server.create_server = lambda: (print('stray'), os.write(1, b'bytes'), start())[2]\n"
    code += "sys.exit(server.serve())"
    editor = await Editor.start(project.folder, project.settings(), command=["-c", code])
    editor.open(project.module)
    assert await alive(editor)
    await editor.stop()
