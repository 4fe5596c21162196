"""From a search to the rows that training reads: the real commands, the real server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from editor_client import Start
from project import CRITIQUE, Project
from scripted import BY_KEYS, BY_SET, UNORDERED
from search_support import FakeEvaluator, answer, run

from orps_lsp.config import Settings
from orps_lsp.llm.scripted import Script
from orps_lsp.traces.kept import Kept, trace

BROKEN = "    return nothing_of_that_name\n```\n"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORPS_LSP_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def orps(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orps_lsp", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def refine(project: Project, *arguments: str) -> None:
    # The second round repeats two at the root and goes on from the best with the last.
    settings = project.settings(UNORDERED, BY_KEYS, BROKEN, UNORDERED, BY_KEYS, BY_SET)
    flags = ("--engine", "scripted", "--script", settings["script"], "--rounds", "2")
    width = ("--candidates", "6", "--seed", "3")
    done = orps(project.folder, "refine", "report.py::unique", *flags, *width, *arguments)
    assert done.returncode == 0, done.stderr


def export(project: Project, *arguments: str) -> tuple[list[dict[str, Any]], str]:
    done = orps(project.folder, "export", "traces", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_search_that_was_kept_is_exported_in_both_formats_and_deleted(
    project: Project, tmp_path: Path, store: Path
) -> None:
    refine(project, "--keep-traces")

    rows, told = export(project, "--format", "steps")
    assert told == f"Exported {len(rows)} paths of 1 search.\n"
    found = {step["id"]: step for row in rows for step in row["steps"]}
    verdicts = {step["code"].strip().splitlines()[-1].strip(): step for step in found.values()}
    right, wrong = (
        verdicts["return list(dict.fromkeys(items))"],
        verdicts["return sorted(set(items))"],
    )
    assert (right["correct"], right["tests_passed"], right["tests"]) == (True, 2, 2)
    assert right["speedup_claimed"] and right["rank"] and right["critique"].endswith(CRITIQUE)
    assert (wrong["correct"], wrong["verdict"]) == (False, "failed_tests")
    assert wrong["observation"].startswith("It fails tests (1 of 2 pass):\n- test_order_is_kept")
    assert right["outcome"] > 0.5 > wrong["outcome"]
    for row in rows:
        assert "The function `unique`:" in row["prompt"]
        assert len(row["completions"]) == len(row["labels"]) == len(row["steps"])
        assert all(
            text.startswith("```python\ndef unique(items):\n") for text in row["completions"]
        )
        assert row["meta"]["function"] == "report.py::unique" and row["meta"]["seed"] == 3
    assert max(len(row["steps"]) for row in rows) == 2, "the second round went on from the first"

    out = tmp_path / "pairs.jsonl"
    rows, told = export(project, "--format", "preferences", "--out", str(out))
    assert rows == []
    pairs = [json.loads(line) for line in out.read_text().splitlines()]
    assert told == f"Exported {len(pairs)} pairs of 1 search.\n" and pairs
    assert {pair["meta"]["rejected_verdict"] for pair in pairs} == {"failed_tests"}
    for pair in pairs:
        assert pair["meta"]["chosen_verdict"] == "verified"
        assert pair["chosen"][0]["content"].startswith("```python\ndef unique(items):\n")
        assert pair["prompt"][-1]["role"] == "user"
        assert pair["chosen_score"] > pair["rejected_score"]
    assert str(project.folder) not in out.read_text()
    assert [path.name for path in tmp_path.glob("*pairs*")] == ["pairs.jsonl"]

    elsewhere, told = export(project, "--format", "steps", "--workspace", str(store))
    assert (elsewhere, told) == ([], "No kept search is from there and then.\n")
    assert export(project, "--format", "steps", "--since", "2999-01-01")[0] == []
    here = ("--since", "2020-01-01T12:00", "--workspace", str(project.folder.parent))
    assert export(project, "--format", "steps", *here)[0]

    assert export(project, "--delete", "--since", "2999-01-01")[1] == "Removed 0 searches.\n"
    assert export(project, "--delete", *here)[1] == "Removed 1 search.\n"
    assert b"nothing_of_that_name" not in (store / "traces.sqlite3").read_bytes()
    assert export(project, "--format", "steps")[0] == []


def test_nothing_is_kept_unless_the_user_says_so(project: Project, store: Path) -> None:
    with (project.folder / "pyproject.toml").open("a") as file:
        file.write("\n[tool.orps]\nkeep_traces = true\n")
    few = ("--candidates", "2", "--rounds", "1")
    refine(project, *few)
    refine(project, *few, "--no-keep-traces")
    assert not (store / "traces.sqlite3").exists()
    rows, told = export(project, "--format", "steps")
    assert rows == [] and told.startswith("No search was kept.") and "--keep-traces" in told
    assert export(project, "--delete")[1] == "Removed 0 searches.\n"
    assert not (store / "traces.sqlite3").exists()


async def test_the_server_keeps_what_an_editor_searched(start: Start, project: Project) -> None:
    editor = await start({**project.settings(), "keep_traces": True})
    await editor.refined("unique")
    (kept,) = Kept().read()
    assert kept.function == "report.py::unique" and Path(kept.workspace) == project.folder
    assert [step.verified for step in kept.steps] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "required: WHAT"),
        (["traces"], 2, "--format --delete is required"),
        (["traces", "--format", "magic"], 2, "invalid choice"),
        (["traces", "--format", "steps", "--delete"], 2, "not allowed with"),
        (["traces", "--format", "steps", "--since", "soon"], 2, "'soon' is no date"),
        (["traces", "--format", "steps", "--out", "gone/rows.jsonl"], 2, "cannot be written"),
        (["traces", "--format", "steps", "--out", "."], 2, "cannot be written"),
        (["traces", "--delete", "--out", "rows.jsonl"], 2, "writes nothing"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], status: int, words: str) -> None:
    done = orps(tmp_path, "export", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    outcome = asyncio.run(run(Script(answers=(answer("return 1"),)), FakeEvaluator({})))
    one = trace(outcome, Path("/project"), Settings(), 0, 0.0)
    for number in range(200):  # far more than a pipe holds
        Kept().put(replace(one, id=str(number)))
    command = [sys.executable, "-m", "orps_lsp", "export", "traces", "--format", "steps"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout and export.stderr
        assert export.stdout.read(10) == b'{"prompt":'
        export.stdout.close()
        assert (export.stderr.read(), export.wait(60)) == (b"", 0)
