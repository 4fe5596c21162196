"""Searches started from an editor: side by side, cancelled, in vain, for a bare client."""

from __future__ import annotations

import pytest
from editor_client import BARE, Start
from lsprotocol import types
from project import BETTER, Project
from scripted import BY_KEYS, BY_SUM

NEVER = 3600.0  # seconds of a completion that does not come


async def test_hover_answers_while_a_search_runs(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=NEVER))
    job = (await editor.refine("unique"))["job"]
    assert "is refining `unique`" in await editor.hover("def unique")
    assert [a.title for a in await editor.actions("def unique")] == ["Cancel refining `unique`"]
    assert (await editor.lenses())[1] == "Cancel"
    await editor.command("orps.cancel", {"job": job})
    assert len((await editor.finish(job))["refinements"]) == 0


@pytest.mark.parametrize("by", ["command", "progress"])
async def test_a_search_is_cancelled(start: Start, project: Project, by: str) -> None:
    editor = await start(project.settings(delay=NEVER))
    job = (await editor.refine("unique"))["job"]
    await editor.until(lambda: any(editor.client.progress_reports.values()))
    if by == "command":
        assert (await editor.command("orps.cancel"))["cancelled"] == [job]
    else:
        (token,) = editor.client.progress_reports
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    end = await editor.finish(job)
    assert end["stop_reason"] in (None, "cancelled")
    assert not editor.messages()  # who cancels needs no message
    assert (await editor.actions("def unique"))[0].title.startswith("Refine")


async def test_what_was_found_before_the_cancel_is_offered(start: Start, project: Project) -> None:
    editor = await start({**project.settings(BY_KEYS), "candidates": 0, "rounds": 20})
    job = (await editor.refine("unique"))["job"]
    await editor.until(lambda: any(item["best"] for item in editor.progress))
    await editor.command("orps.cancel", {"job": job})
    assert len((await editor.finish(job))["refinements"]) == 1


async def test_two_searches_queue(start: Start, project: Project) -> None:
    editor = await start(project.settings(BY_SUM, delay=0.5))
    first = await editor.refine("unique")
    second = await editor.refine("total", intent="simplify")
    again = await editor.refine("total", intent="simplify")
    assert (first["position"], second["position"]) == (0, 1)
    assert again == second
    assert "waiting for 1 other search" in await editor.hover("def total")
    await editor.finish(second["job"])
    assert [end["job"] for end in editor.finished] == [first["job"], second["job"]]


async def test_a_waiting_search_is_cancelled_at_once(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=NEVER))
    await editor.refine("unique")
    waiting = (await editor.refine("total"))["job"]
    await editor.command("orps.cancel", {"job": waiting})
    assert (await editor.finish(waiting))["state"] == "cancelled"


async def test_a_change_of_the_function_is_told_and_nothing_better_is_explained(
    start: Start, project: Project
) -> None:
    editor = await start()
    await editor.refined("unique")
    editor.replace("result = []", "result = list()")
    await editor.until(lambda: "`unique` has changed" in editor.logged())
    project.settings("I would not change it.")
    end = await editor.refined("total")
    assert end["message"].startswith("No better version of `total` was found.")
    assert "nothing better found" in await editor.hover("def total")


async def test_a_bare_client_works(start: Start) -> None:
    editor = await start(None, BARE)
    commands = await editor.actions("def unique")
    assert commands and all(isinstance(command, types.Command) for command in commands)
    await editor.command(commands[0].command, *commands[0].arguments)
    await editor.until(lambda: any("1 refinement of" in text for text in editor.messages()))
    assert "original" in await editor.hover("def unique")
    apply = (await editor.actions("def unique"))[0]
    assert apply.title.startswith("Apply #1")
    answer = await editor.command(apply.command, *apply.arguments)
    assert not answer["applied"] and not editor.edits  # it cannot be asked to
    converter = editor.client.protocol._converter
    editor.apply(converter.structure(answer["edit"], types.WorkspaceEdit))
    assert editor.text == BETTER
