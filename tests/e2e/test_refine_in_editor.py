"""The journey of a user: from the code action to the applied edit."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import CRITIQUE, FAST, MODULE, SHORT_TOTAL, Project, Start
from editor_client import BARE, Editor
from lsprotocol import types

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


def titles(actions: list[Any]) -> list[str]:
    return [action.title for action in actions]


async def test_a_function_is_refined_from_action_to_applied_edit(
    start: Start, project: Project
) -> None:
    editor = await start()
    offered = await editor.actions("def unique")
    assert titles(offered) == [
        "Refine with ORPS: optimise `unique`",
        "Refine with ORPS: simplify `unique`",
        "Refine with ORPS: fix `unique`",
    ]
    assert offered[0].kind == "refactor.rewrite.orps.optimise"
    assert await editor.hover("def unique") == ""
    assert await editor.lenses() == []

    command = offered[0].command
    answer = await editor.command(command.command, *command.arguments)
    assert answer["position"] == 0
    end = await editor.finish(answer["job"])
    assert (end["state"], end["refinements"], end["function"]) == ("done", 1, "unique")

    assert [m for m in editor.messages(types.MessageType.Info) if "1 refinement of `unique`" in m]
    assert any(item["candidates"]["generated"] for item in editor.progress)
    assert editor.registrations == ["workspace/didChangeConfiguration"]
    await editor.until(lambda: editor.lens_refreshes)
    lenses = await editor.lenses()
    assert lenses[0].startswith("ORPS: 1 refinement, best ") and lenses[1] == "Apply #1"

    page = await editor.hover("unique(items)")
    assert "| original | 2/2 |" in page and "| #1 " in page
    assert r"It keeps the order \| and is \*linear\*." in page and "**Evidence**" in page
    assert CRITIQUE not in page  # escaped
    assert await editor.hover("result.append") == ""  # only on the signature
    assert await editor.hover("def total") == ""

    (apply,) = await editor.actions("result = []", only=["refactor.rewrite.orps.apply"])
    assert apply.title.startswith("Apply #1: ") and "2/2 tests" in apply.title
    assert apply.is_preferred and apply.edit is None and apply.command is None
    resolved = await editor.client.code_action_resolve_async(apply)
    (annotation,) = resolved.edit.change_annotations.values()
    assert not annotation.needs_confirmation
    editor.apply(resolved.edit)
    assert editor.text == BETTER
    assert project.module.read_text() == MODULE  # an editor saves, the server never


async def test_progress_is_shown_and_ended(start: Start) -> None:
    editor = await start()
    await editor.refined("unique")
    (reports,) = editor.client.progress_reports.values()
    assert reports[0].title == "Refining unique" and reports[0].cancellable
    percentages = [report.percentage for report in reports[:-1]]
    assert percentages == sorted(percentages)
    await editor.until(lambda: isinstance(reports[-1], types.WorkDoneProgressEnd))
    assert reports[-1].message.startswith("1 refinement")


async def test_the_apply_command_edits_through_the_editor(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    answer = await editor.command("orps.apply", {"job": end["job"], "rank": 1})
    assert answer["applied"] and editor.text == BETTER
    assert "has changed" not in editor.logged()  # it was the user's wish


async def test_an_edit_that_the_editor_refuses_is_told(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    editor.refuse_edits = "the file is read-only"
    answer = await editor.command("orps.apply", {"job": end["job"], "rank": 1})
    assert not answer["applied"] and editor.text == MODULE
    assert any("read-only" in text for text in editor.messages(types.MessageType.Warning))


async def test_results_are_json(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    results = await editor.command("orps.results", {"job": end["job"]})
    assert results["function"] == "report.py::unique" and results["intent"] == "optimise"
    assert results["refinements"][0]["rank"] == 1
    assert "+    return list(dict.fromkeys(items))" in results["refinements"][0]["diff"]


async def test_hover_answers_while_a_search_runs(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=30.0))
    job = (await editor.refine("unique"))["job"]
    assert "is refining `unique`" in await editor.hover("def unique")
    assert titles(await editor.actions("def unique")) == ["Cancel refining `unique`"]
    assert (await editor.lenses())[1] == "Cancel"
    await editor.command("orps.cancel", {"job": job})
    assert (await editor.finish(job))["refinements"] == 0


@pytest.mark.parametrize("by", ["command", "progress"])
async def test_a_search_is_cancelled(start: Start, project: Project, by: str) -> None:
    editor = await start(project.settings(delay=3600.0))
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
    assert "Refine with ORPS: optimise `unique`" in titles(await editor.actions("def unique"))


async def test_what_was_found_before_the_cancel_is_offered(start: Start, project: Project) -> None:
    editor = await start({**project.settings(FAST), "candidates": 0, "rounds": 20})
    job = (await editor.refine("unique"))["job"]
    await editor.until(lambda: any(item["best"] for item in editor.progress))
    await editor.command("orps.cancel", {"job": job})
    assert (await editor.finish(job))["refinements"] == 1


async def test_two_searches_queue(start: Start, project: Project) -> None:
    editor = await start(project.settings(SHORT_TOTAL, delay=0.5))
    first = await editor.refine("unique")
    second = await editor.refine("total", intent="simplify")
    again = await editor.refine("total", intent="simplify")
    assert (first["position"], second["position"]) == (0, 1) and again["job"] == second["job"]
    assert "waiting for 1 other search" in await editor.hover("def total")
    await editor.finish(second["job"])
    assert [end["job"] for end in editor.finished] == [first["job"], second["job"]]


async def test_a_waiting_search_is_cancelled_at_once(start: Start, project: Project) -> None:
    editor = await start(project.settings(delay=3600.0))
    await editor.refine("unique")
    waiting = (await editor.refine("total"))["job"]
    await editor.command("orps.cancel", {"job": waiting})
    assert (await editor.finish(waiting))["state"] == "cancelled"


async def test_edits_elsewhere_keep_the_results(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    editor.replace('GREETING = "hello"', 'GREETING = "hello"\nNAMES = ("a", "b")\n')
    assert "| original |" in await editor.hover("def unique")
    await editor.command("orps.apply", {"job": end["job"], "rank": 1})
    expected = BETTER.replace('"hello"\n', '"hello"\nNAMES = ("a", "b")\n\n')
    assert editor.text == expected


async def test_an_edit_of_the_function_puts_its_results_aside_until_undone(start: Start) -> None:
    editor = await start()
    end = await editor.refined("unique")
    editor.replace("result = []", "result = list()")
    assert await editor.hover("def unique") == "" and await editor.lenses() == []
    assert not [t for t in titles(await editor.actions("def unique")) if t.startswith("Apply")]
    await editor.until(lambda: "`unique` has changed" in editor.logged())
    with pytest.raises(Exception, match="has changed since it was refined"):
        await editor.command("orps.apply", {"job": end["job"], "rank": 1})
    editor.replace("result = list()", "result = []")
    assert "| original |" in await editor.hover("def unique")


async def test_nothing_better_is_said_with_the_reason(start: Start, project: Project) -> None:
    editor = await start(project.settings("I would not change it."))
    await editor.refined("unique")
    (message,) = editor.messages(types.MessageType.Info)
    assert message.startswith("ORPS: No better version of `unique` was found.")
    assert "nothing better found" in await editor.hover("def unique")


async def test_a_stub_is_offered_a_quick_fix(start: Start) -> None:
    editor = await start()
    body = editor.text[editor.text.index("    result = 0") :]
    editor.replace(body, "    raise NotImplementedError\n")
    (action,) = await editor.actions("def total")
    assert action.title == "Refine with ORPS: implement `total`" and action.kind == "quickfix"
    assert action.command.arguments[0]["intent"] == "fix"


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["refactor"], 3),
        (["refactor.rewrite"], 3),
        (["refactor.rewrite.orps.simplify"], 1),
        ([""], 3),
        (["quickfix"], 0),
        (["refactor.rewrite.orps.simp"], 0),
        (["source"], 0),
    ],
)
async def test_actions_are_filtered_by_kind(start: Start, only: list[str], count: int) -> None:
    editor = await start()
    assert len(await editor.actions("def unique", only=only)) == count


async def test_a_bare_client_works(start: Start, project: Project) -> None:
    editor: Editor = await start(None, BARE)
    commands = await editor.actions("def unique")
    assert all(isinstance(command, types.Command) for command in commands)
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
