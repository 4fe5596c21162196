"""Settings that change while the server runs, and what is wrong with them."""

from __future__ import annotations

from typing import Any

from editor_client import Editor, Start
from lsprotocol import types
from project import Project


async def change(editor: Editor, values: dict[str, Any]) -> list[str]:
    """Change the editor's settings; returns the warnings that come of it."""
    asked, shown = editor.settings_asked, len(editor.messages())
    editor.client.set_configuration(values, section="orps")
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    await editor.until(lambda: editor.settings_asked > asked)
    await editor.lenses()  # the answer to a request that comes behind it
    await editor.actions("def unique")
    return editor.messages()[shown:]


async def test_all_that_is_wrong_is_said_in_one_message(start: Start, project: Project) -> None:
    editor = await start()  # with one round
    (message,) = await change(editor, {"rounds": "many", "beams": 3, "code_lens": "perhaps"})
    for words in (
        "'rounds' must be a whole number, not 'many'; 1 is used instead.",
        "unknown setting 'beams' (did you mean 'beam'?).",
        "'code_lens' must be one of functions, results, off",
    ):
        assert words in message
    assert not await change(editor, {"rounds": "many", "beams": 3, "code_lens": "perhaps"})
    assert not await change(editor, {"rounds": 2})
    (again,) = await change(editor, {"rounds": "many"})
    assert "'rounds'" in again and "beams" not in again


async def test_good_values_beside_wrong_ones_hold_at_once(start: Start) -> None:
    editor = await start()
    assert "Refine" in await editor.lenses()
    (message,) = await change(editor, {"code_lens": "off", "seconds": -1})
    assert "'seconds' must be at least 0" in message
    assert await editor.lenses() == []
    assert not await change(editor, {"code_lens": "functions"})
    assert "Refine" in await editor.lenses()


async def test_a_project_and_an_editor_are_told_apart(start: Start, project: Project) -> None:
    with (project.folder / "pyproject.toml").open("a") as file:
        file.write('[tool.orps]\ncode_lens = "off"\nengine = "scripted"\nseconds = "x"\n')
    editor = await start()
    assert await editor.lenses() == []
    await editor.until(editor.messages)
    (message,) = editor.messages()
    assert "pyproject.toml: 'engine' can only be set by you" in message
    assert "pyproject.toml: 'seconds' must be a number" in message
    await change(editor, {"code_lens": "functions"})  # the editor's come last
    assert "Refine" in await editor.lenses()
