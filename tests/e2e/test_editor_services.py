"""Early results, results after a restart, comparison, preview, report, status: the real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from editor_client import BARE, Editor, Start
from lsprotocol import types
from project import BETTER, Project
from pygls.exceptions import JsonRpcException
from scripted import BY_KEYS, UNORDERED

NEVER = 3600.0
FASTER = [BY_KEYS, UNORDERED]


def early(project: Project) -> dict[str, Any]:
    """A search that finds something at once, and then goes on without end."""
    settings = project.settings(*FASTER, delay=[0.0, NEVER])
    return {**settings, "candidates": 4}


async def titles(editor: Editor, at: str = "def unique") -> list[str]:
    return [action.title for action in await editor.actions(at)]


async def found_early(editor: Editor) -> dict[str, Any]:
    """Refine until something was found, with the search going on."""
    job = (await editor.refine("unique"))["job"]
    await editor.until(lambda: any(item["best"] for item in editor.progress))
    return {"job": job, **next(item["best"] for item in editor.progress if item["best"])}


async def test_the_first_improvement_is_offered_while_the_search_goes_on(
    start: Start, project: Project
) -> None:
    editor = await start(early(project))
    found = await found_early(editor)
    offered = await titles(editor)
    assert (
        offered[0] == f"Apply now: {found['summary']}" and offered[1] == "Cancel refining `unique`"
    )
    lens, *buttons = await editor.lenses()
    assert f"best {found['summary']}" in lens and buttons[:2] == ["Cancel", "Apply now"]
    page = await editor.hover("def unique")
    assert "is refining `unique`" in page and "| #1 " in page and "**Evidence**" in page
    known = await editor.command("orps.find", {"uri": editor.uri, "position": _here(editor)})
    assert known["active"] and [item["candidate"] for item in known["refinements"]] == [
        found["candidate"]
    ]
    which = {"job": found["job"], "candidate": found["candidate"]}
    assert (await editor.command("orps.preview", which))["refined"] == BETTER
    assert (await editor.command("orps.apply", which))["applied"]
    assert editor.text == BETTER
    end = await editor.finish(found["job"])  # it looked for better versions of what is gone now
    assert end["applied"] and end["stop_reason"] == "cancelled" and not editor.messages()


async def test_results_come_back_after_a_restart(start: Start, project: Project) -> None:
    first = await start()
    await first.refined("unique")
    offered = [title for title in await titles(first) if "Refine with" not in title]
    await first.stop()

    second = await start()
    # The lenses are asked for again once results are back.
    await second.until(lambda: "restored" in second.logged())
    assert [title for title in await titles(second) if "Refine with" not in title] == offered
    page = await second.hover("def unique")
    assert "Found on " in page and "| #1 " in page and r"It keeps the order \|" in page
    (action,) = await second.actions("def unique", only=["refactor.rewrite.orps.apply"])
    second.replace("def unique", "\n\ndef unique")  # ranges follow
    action = await second.client.code_action_resolve_async(action)
    second.apply(action.edit)
    assert second.text == BETTER.replace("def unique", "\n\ndef unique")
    job = action.data["job"]
    report = await second.command("orps.showReport", {"job": job})
    assert "unique" in read(report["path"])


async def test_results_of_a_changed_function_do_not_come_back(
    start: Start, project: Project
) -> None:
    first = await start()
    await first.refined("unique")
    await first.stop()
    project.module.write_text(project.module.read_text().replace("result = []", "result = list()"))
    second = await start()
    await second.until(lambda: "`unique` has changed since it was refined" in second.logged())
    assert all("Refine with" in title for title in await titles(second))


async def test_comparison_and_report(start: Start) -> None:
    editor = await start()
    with pytest.raises(JsonRpcException, match="nothing to report yet"):
        await editor.command("orps.showReport", {})
    job = (await editor.refined("unique"))["job"]
    offered = await titles(editor)
    assert offered[1:3] == [
        "Compare the refinement of `unique`",
        "Show the report on `unique`",
    ]
    compared = await editor.command("orps.compare", {"job": job})
    assert compared["original"].startswith("def unique(items):")
    (refinement,) = compared["refinements"]
    assert "dict.fromkeys" in refinement["code"] and refinement["rank"] == 1
    assert "Distinct items" in refinement["code"]  # the docstring stays
    report = await editor.command("orps.showReport", {})
    assert "fromkeys" in read(report["path"])
    assert not report["shown"] and any(report["path"] in text for text in editor.messages())


async def test_a_bare_client_is_told_where_the_report_lies(start: Start) -> None:
    editor = await start(None, BARE)
    await editor.refine("unique")
    await editor.until(lambda: editor.messages(types.MessageType.Info))
    commands = await editor.actions("def unique")
    report = next(item for item in commands if item.command == "orps.showReport")
    answer = await editor.command(report.command, *report.arguments)
    assert "unique" in read(answer["path"])
    assert any(answer["path"] in text for text in editor.messages())


async def test_the_state_is_told(start: Start, project: Project) -> None:
    editor = await start(early(project))
    await editor.until(lambda: editor.statuses and editor.statuses[-1]["sandbox"])
    assert editor.statuses[-1]["state"] == "idle"
    found = await found_early(editor)
    status = await editor.command("orps.status", {})
    assert status["state"] == "refining" and status["running"]["job"] == found["job"]
    await editor.command("orps.cancel", {})
    await editor.finish(found["job"])
    await editor.until(lambda: editor.statuses[-1]["state"] == "idle")


async def test_trust_that_is_given_later(start: Start) -> None:
    editor = await start(trusted=False)
    assert await editor.lenses() == []
    assert (await editor.command("orps.status", {}))["state"] == "untrusted"
    editor.client.protocol.notify("orps/didChangeTrust", {"trusted": True})
    assert len(await editor.lenses()) == 2
    assert (await editor.refined("unique"))["state"] == "done"


@pytest.mark.parametrize(("value", "count"), [("functions", 2), ("results", 0), ("off", 0)])
async def test_lenses_are_a_setting(start: Start, project: Project, value: str, count: int) -> None:
    editor = await start({**project.settings(), "code_lens": value})
    assert len(await editor.lenses()) == count
    await editor.refined("unique")
    assert bool(await editor.lenses()) is (value != "off")
    (project.folder / "pyproject.toml").write_text('[tool.orps]\ncode_lens = "off"\n')
    assert bool(await editor.lenses()) is (value != "off")  # the editor's own word counts more


async def test_a_missing_model_is_offered(
    start: Start, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path / "models"))
    editor = await start({"model": "smollm2-135m"})
    await editor.until(lambda: editor.statuses and editor.statuses[-1]["state"] == "no_model")
    fetch, refine = await editor.actions("def unique")
    assert fetch.title == "Fetch the model smollm2-135m (98 MB) for ORPS"
    assert fetch.command.command == "orps.fetchModel"
    assert "not on this machine" in refine.disabled.reason
    listed = (await editor.command("orps.models", {}))["models"]
    assert not any(model["present"] for model in listed)
    # The file of somebody who fetched it elsewhere.
    (tmp_path / "models").mkdir(exist_ok=True)
    file = next(model for model in listed if model["name"] == "smollm2-135m")["path"]
    write(file, "GGUF")
    assert (await editor.command("orps.fetchModel", {}))["model"] == "smollm2-135m"
    assert [a.command.command for a in await editor.actions("def unique")] == ["orps.refine"] * 3


async def test_a_download_is_cancelled_and_shown(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path / "models"))
    # An index that never answers, on this machine.
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    monkeypatch.setenv("PIP_INDEX_URL", address)
    monkeypatch.setenv("HF_ENDPOINT", address)
    editor = await start({"model": "smollm2-135m"})
    fetching = asyncio.create_task(editor.command("orps.fetchModel", {}))
    await editor.until(lambda: editor.statuses and editor.statuses[-1]["state"] == "fetching")
    token = "orps-fetch-smollm2-135m"
    await editor.until(lambda: token in editor.client.progress_reports)
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    with pytest.raises(JsonRpcException, match="was cancelled"):
        await fetching
    await editor.until(lambda: editor.statuses[-1]["state"] == "no_model")
    for writer in held:
        writer.close()
    silent.close()


def _here(editor: Editor) -> dict[str, int]:
    position = editor.position(editor.text.index("def unique"))
    return {"line": position.line, "character": position.character}


def read(path: str) -> str:
    """Read a page that is for the user alone."""
    page = Path(path)
    assert page.parent.stat().st_mode & 0o77 == 0
    return page.read_text()


def write(path: str, text: str) -> None:
    Path(path).write_text(text)
