"""Positions and texts as the protocol has them: encodings, line ends, astral characters."""

from __future__ import annotations

import pytest
from editor_client import FULL, Start, encoded
from lsprotocol import types
from project import Project
from scripted import BY_KEYS, BY_SUM

ASTRAL = "# \U0001f600 é \u4e16\u754c \u2028 \x0c \U00020000\n"


@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-8", "\n"), ("utf-16", "\r\n"), ("utf-32", "\r\n")]
)
async def test_edits_fit_in_every_encoding(
    start: Start, project: Project, encoding: str, end: str
) -> None:
    module = ASTRAL + project.module.read_text() + "LAST = '\U0001f600'"  # no final newline
    project.module.write_bytes(module.replace("\n", end).encode())
    answer = BY_KEYS.replace("return list(", "return list(  # \U0001f600\n        ")
    editor = await start(project.settings(answer), encoded([encoding]))
    assert editor.encoding == encoding
    end_of_search = await editor.refined("unique")
    editor.replace("LAST = '\U0001f600'", "LAST = '\U0001f680\U0001f680'")
    editor.replace("\U0001f600 é", "é\U0001f680")
    await editor.command("orps.apply", {"job": end_of_search["job"], "rank": 1})
    old_body = editor_body(project.module.read_bytes().decode(), end)
    new_body = f"    return list(  # \U0001f600{end}        dict.fromkeys(items)){end}"
    expected = (
        module.replace("\n", end)
        .replace("LAST = '\U0001f600'", "LAST = '\U0001f680\U0001f680'")
        .replace("\U0001f600 é", "é\U0001f680")
        .replace(old_body, new_body)
    )
    assert editor.text == expected


def editor_body(text: str, end: str) -> str:
    """The old body of `unique`, from behind its docstring."""
    start = text.index("    result = []")
    return text[start : text.index(f"{end}{end}{end}def total")] + end


@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-8", "\r\n"), ("utf-16", "\r\n"), ("utf-32", "\n")]
)
async def test_the_journey_in_a_client_that_edits_by_itself(
    start: Start, project: Project, encoding: str, end: str
) -> None:
    """The edit ends behind an astral character, in a last line without an end."""
    module = ASTRAL + project.module.read_text().rstrip("\n") + "  # \U0001f600 \u00e9"
    module = module.replace("Sum of", "\U0001f600 Sum of").replace("\n", end)
    project.module.write_bytes(module.encode())
    general = types.GeneralClientCapabilities(position_encodings=[encoding])
    capabilities = types.ClientCapabilities(general=general, experimental=FULL.experimental)
    editor = await start(project.settings(BY_SUM), capabilities)
    assert editor.encoding == encoding
    place = editor.position(editor.text.index("def total"))
    position = {"line": place.line, "character": place.character}
    job = (await editor.command("orps.refine", {"uri": editor.uri, "position": position}))["job"]
    assert (await editor.finish(job))["state"] == "done"

    params = types.HoverParams(types.TextDocumentIdentifier(editor.uri), place)
    hover = await editor.client.text_document_hover_async(params)
    covered = editor.text[editor.offset(hover.range.start) : editor.offset(hover.range.end)]
    assert covered == f"def total(rows):{end}"

    editor.replace("Distinct", "\U0001f680\U0001f680 distinct")  # moves nothing but columns
    before = editor.text
    answer = await editor.command("orps.apply", {"job": job, "rank": 1})
    edit = editor.client.protocol._converter.structure(answer["edit"], types.WorkspaceEdit)
    editor.apply(edit)
    head = before[: before.index("    result = 0")]
    assert editor.text == f"{head}    return sum(rows)"
    editor.replace(editor.text, before)  # undo
    preview = await editor.command("orps.preview", {"job": job, "rank": 1})
    assert preview["original"] == before
    assert preview["refined"] == f"{head}    return sum(rows)"


async def test_a_search_works_on_unsaved_text(start: Start, project: Project) -> None:
    editor = await start()
    editor.replace("def total", "def plain(rows):\n    return rows\n\n\ndef total")
    editor.replace('"""Distinct items', '"""The distinct items')
    assert len((await editor.refined("unique"))["refinements"]) == 1
    assert "The distinct items" not in project.module.read_text()
