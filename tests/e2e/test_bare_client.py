"""A client that announces nothing at all: it is asked for nothing, and everything works."""

from __future__ import annotations

from pathlib import Path

from editor_client import BARE, Editor, Start
from lsprotocol import types
from project import BETTER, Project
from raw_client import RawClient
from scripted import REPORT


async def titles(editor: Editor) -> list[str]:
    commands = await editor.actions("def unique")
    assert all(isinstance(item, types.Command) for item in commands)
    return [item.title for item in commands]


async def test_refine_hover_apply_and_undo(start: Start, project: Project) -> None:
    editor = await start(None, BARE)
    before = await titles(editor)
    refine = next(c for c in await editor.actions("def unique") if c.title.endswith("`unique`"))
    job = (await editor.command(refine.command, *refine.arguments))["job"]
    await editor.until(lambda: any("refinement" in text for text in editor.messages()))

    page = await editor.hover("def unique")
    assert "2/2" in page and "It keeps the order" in page
    apply = next(c for c in await editor.actions("def unique") if c.title.startswith("Apply #1"))
    answer = await editor.command(apply.command, *apply.arguments)
    assert answer["applied"] is False
    convert = editor.client.protocol._converter
    editor.apply(convert.structure(answer["edit"], types.WorkspaceEdit))
    assert editor.text == BETTER
    assert not any(title.startswith("Apply") for title in await titles(editor))

    editor.replace(editor.text, REPORT)  # undo
    assert any(title.startswith("Apply #1") for title in await titles(editor))
    assert set(before) <= set(await titles(editor))
    assert (await editor.command("orps.results", {"job": job}))["refinements"]

    # It could do nothing with any of these.
    assert not editor.settings_asked and not editor.registrations and not editor.edits
    assert not editor.lens_refreshes and not editor.client.progress_reports
    assert not editor.progress and not editor.finished


async def test_settings_come_with_a_notification(start: Start, project: Project) -> None:
    editor = await start(None, BARE)
    assert "Refine" in await editor.lenses()
    change = types.DidChangeConfigurationParams({"orps": {"code_lens": "off"}})
    editor.client.workspace_did_change_configuration(change)
    assert await editor.lenses() == []


async def test_a_client_without_a_folder_or_options(tmp_path: Path) -> None:
    client = await RawClient.start(tmp_path)
    asked: list[str] = []
    client.on_request = lambda request: asked.append(request["method"])
    try:
        initialized = await client.initialize()
        assert initialized["result"]["capabilities"].get("positionEncoding", "utf-16") == "utf-16"
        for uri, expected in (("untitled:Untitled-1", 0), ("file:///nowhere/module.py", 1)):
            text = "def f(xs):\n    return list(xs)\n"
            item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            await client.notify("textDocument/didOpen", {"textDocument": item})
            place = {"line": 0, "character": 0}
            params = {
                "textDocument": {"uri": uri},
                "range": {"start": place, "end": place},
                "position": place,
                "context": {"diagnostics": []},
            }
            assert (await client.request(f"hover {uri}", "textDocument/hover", params))[
                "result"
            ] is None
            actions = await client.request(f"actions {uri}", "textDocument/codeAction", params)
            assert all(isinstance(item["command"], str) for item in actions["result"])
            lenses = await client.request(f"lenses {uri}", "textDocument/codeLens", params)
            assert len(lenses["result"]) == expected
        assert not asked
    finally:
        await client.close()
