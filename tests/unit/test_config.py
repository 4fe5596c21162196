"""Settings: every source goes through one parser, and nothing wrong is ever fatal."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from orps_lsp.config import Origin, Settings, parse, read_workspace


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"seconds": 10}, {"seconds": 10.0}),
        ({"beam": 4, "method": "chain"}, {"beam": 4, "method": "chain"}),
        ({"model": "hf:a/b/c.gguf"}, {"model": "hf:a/b/c.gguf"}),
        ({"keep_traces": True}, {"keep_traces": True}),
    ],
)
def test_good_values_are_taken(values: dict[str, Any], expected: dict[str, Any]) -> None:
    settings, problems = parse(values, Origin.EDITOR)
    assert not problems
    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"secnds": 10}, "did you mean 'seconds'?"),
        ({"seconds": "10"}, "must be a number"),
        ({"seconds": True}, "must be a number"),
        ({"seconds": float("nan")}, "must be at least 0"),
        ({"beam": 2.5}, "must be a whole number"),
        ({"beam": 99}, "between 1 and 16"),
        ({"method": "magic"}, "must be one of orps, chain, best_of_n"),
        ({"model": 7}, "must be a text"),
        ({"keep_traces": 1}, "must be true or false"),
        ({"keep_traces": "true"}, "must be true or false"),
    ],
)
def test_a_wrong_value_is_named_and_the_default_stays(values: dict[str, Any], words: str) -> None:
    settings, problems = parse({**values, "rounds": 2}, Origin.EDITOR)
    assert len(problems) == 1
    assert words in str(problems[0])
    assert str(problems[0]).startswith("editor settings: ")
    assert settings == parse({"rounds": 2}, Origin.EDITOR)[0]


def test_later_sources_win(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.orps]\nseconds = 5\nbeam = 2\n")
    workspace, problems = read_workspace(tmp_path)
    settings, more = parse({"beam": 4}, Origin.COMMAND_LINE, workspace)
    assert not problems and not more
    assert (settings.seconds, settings.beam) == (5.0, 4)


@pytest.mark.parametrize("name", ["sandbox", "python", "engine", "script"])
def test_a_workspace_cannot_choose_what_runs_or_switch_the_sandbox_off(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.orps]\n{name} = "none"\n')
    settings, problems = read_workspace(tmp_path)
    assert settings == Settings()
    assert "can only be set by you" in str(problems[0])


def test_a_workspace_cannot_have_the_users_code_kept(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.orps]\nkeep_traces = true\nbeam = 2\n")
    settings, problems = read_workspace(tmp_path)
    assert (settings.keep_traces, settings.beam) == (False, 2)
    assert ["can only be set by you" in str(problem) for problem in problems] == [True]


@pytest.mark.parametrize("name", ["hf:owner/repo/file.gguf", "/tmp/x.gguf", "x.gguf", "../x"])
def test_a_workspace_names_no_file_to_load(name: str) -> None:
    assert parse({"model": name}, Origin.COMMAND_LINE)[0].model == name
    settings, problems = parse({"model": name}, Origin.WORKSPACE)
    assert settings == Settings()
    assert "must be a plain name" in str(problems[0])
    known, problems = parse({"model": "qwen2.5-coder-1.5b"}, Origin.WORKSPACE)
    assert known.model == "qwen2.5-coder-1.5b" and not problems


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_the_readme_has_every_setting(item: Field[Any]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    mark = " ¹" if item.metadata["user_only"] else ""
    written = str(item.default).lower() if item.default is False else item.default
    default = f"`{written}`" if item.default != "" else "empty"
    assert f"| `{item.name}`{mark} | {default} | {item.metadata['doc']}" in readme


@pytest.mark.parametrize(
    ("text", "words"),
    [("[tool", "cannot be read"), ("tool = 3", ""), ("[tool]\norps = 3", "must be a table")],
)
def test_a_broken_pyproject_is_a_problem_and_no_crash(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    settings, problems = read_workspace(tmp_path)
    assert settings == Settings()
    assert [words in str(problem) for problem in problems] == ([True] if words else [])


def test_no_pyproject_is_no_problem(tmp_path: Path) -> None:
    assert read_workspace(tmp_path) == (Settings(), ())
