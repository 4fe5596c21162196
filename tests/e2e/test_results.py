"""What is done with the results of one search: one server and one search for all tests.

Each test begins with the text that was searched, which brings the results back.
"""

from __future__ import annotations

from typing import Any

import pytest
from editor_client import Editor
from lsprotocol import types
from project import BETTER, CRITIQUE
from pygls.exceptions import JsonRpcException
from scripted import REPORT

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def searched(editor: Editor) -> int:
    """Search once; returns the job."""
    editor.reset()
    if not editor.finished:
        (action,) = await editor.actions("def unique", only=["refactor.rewrite.orps.optimise"])
        answer = await editor.command(action.command.command, *action.command.arguments)
        assert answer["position"] == 0
        end = await editor.finish(answer["job"])
        assert (end["state"], len(end["refinements"]), end["function"]) == ("done", 1, "unique")
        assert end["message"].startswith("1 refinement of `unique`: best ")
        assert not editor.messages()  # this client shows the end itself
    job: int = editor.finished[0]["job"]
    return job


async def titles(editor: Editor, at: str) -> list[str]:
    return [action.title for action in await editor.actions(at)]


async def test_hover_shows_table_critique_and_evidence(shared: Editor) -> None:
    await searched(shared)
    page = await shared.hover("unique(items)")
    assert "| original | 2/2 |" in page and "| #1 " in page
    assert r"It keeps the order \| and is \*linear\*." in page and CRITIQUE not in page
    assert "**Evidence**: 2/2 tests pass; " in page
    assert await shared.hover("result.append") == ""  # only on the signature
    assert await shared.hover("def total") == ""


async def test_lenses_show_what_was_found(shared: Editor) -> None:
    await searched(shared)
    found, *actions = await shared.lenses()
    assert found.startswith("ORPS: 1 refinement, best ")
    assert actions == ["Apply #1", "Compare", "Report", "Refine"]  # the last one is of `total`
    assert shared.lens_refreshes


async def test_progress_is_shown_and_ended(shared: Editor) -> None:
    await searched(shared)
    (reports,) = shared.client.progress_reports.values()
    await shared.until(lambda: isinstance(reports[-1], types.WorkDoneProgressEnd))
    assert reports[0].title == "Refining unique" and reports[0].cancellable
    percentages = [report.percentage for report in reports[:-1]]
    assert percentages == sorted(percentages)
    assert reports[-1].message.startswith("1 refinement")
    assert any(item["candidates"]["generated"] for item in shared.progress)


async def test_an_apply_action_is_resolved_to_an_edit(shared: Editor) -> None:
    await searched(shared)
    (apply,) = await shared.actions("result = []", only=["refactor.rewrite.orps.apply"])
    assert apply.title.startswith("Apply #1: ") and "2/2 tests" in apply.title
    assert apply.is_preferred and apply.edit is None and apply.command is None
    resolved = await shared.client.code_action_resolve_async(apply)
    (annotation,) = resolved.edit.change_annotations.values()
    assert not annotation.needs_confirmation
    shared.apply(resolved.edit)
    assert shared.text == BETTER
    assert shared.file.read_text() == REPORT  # an editor saves, the server never


async def test_the_apply_command_edits_through_the_editor(shared: Editor) -> None:
    job = await searched(shared)
    answer = await shared.command("orps.apply", {"job": job, "rank": 1})
    assert answer == {"applied": True} and shared.text == BETTER
    assert not [title for title in await titles(shared, "def unique") if "Apply" in title]


async def test_an_edit_that_the_editor_refuses_is_told(shared: Editor) -> None:
    job = await searched(shared)
    shared.refuse_edits = "the file is read-only"
    answer = await shared.command("orps.apply", {"job": job, "rank": 1})
    assert not answer["applied"] and shared.text == REPORT
    assert any("read-only" in text for text in shared.messages(types.MessageType.Warning))


async def test_a_rank_that_is_not_there(shared: Editor) -> None:
    job = await searched(shared)
    with pytest.raises(JsonRpcException, match="no refinement 2"):
        await shared.command("orps.apply", {"job": job, "rank": 2})


async def test_results_are_json(shared: Editor) -> None:
    results: dict[str, Any] = await shared.command("orps.results", {"job": await searched(shared)})
    assert results["function"] == "report.py::unique" and results["intent"] == "optimise"
    (refinement,) = results["refinements"]
    assert refinement["rank"] == 1
    assert "+    return list(dict.fromkeys(items))" in refinement["diff"]


async def test_edits_elsewhere_keep_the_results(shared: Editor) -> None:
    job = await searched(shared)
    shared.replace('GREETING = "hello"', 'GREETING = "hello"\nNAMES = ("a", "b")\n')
    shared.replace("for row in rows:", "for row in list(rows):")
    assert "| original |" in await shared.hover("def unique")
    await shared.command("orps.apply", {"job": job, "rank": 1})
    assert shared.text == BETTER.replace('"hello"\n', '"hello"\nNAMES = ("a", "b")\n\n').replace(
        "in rows:", "in list(rows):"
    )


async def test_an_edit_of_the_function_puts_its_results_aside_until_undone(
    shared: Editor,
) -> None:
    job = await searched(shared)
    apply = (await shared.actions("def unique"))[0]
    shared.replace("result = []", "result = list()")
    assert await shared.hover("def unique") == "" and await shared.lenses() == ["Refine"] * 2
    assert not [title for title in await titles(shared, "def unique") if "Apply" in title]
    with pytest.raises(JsonRpcException, match="has changed since it was refined"):
        await shared.command("orps.apply", {"job": job, "rank": 1})
    with pytest.raises(JsonRpcException, match="has changed since it was refined"):
        await shared.client.code_action_resolve_async(apply)
    shared.replace("result = list()", "result = []")
    assert "| original |" in await shared.hover("def unique")


async def test_the_function_is_found_again_under_another_indent_only_by_its_name(
    shared: Editor,
) -> None:
    await searched(shared)
    shared.replace("def unique", "def distinct")
    assert await shared.hover("def distinct") == ""
