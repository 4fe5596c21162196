"""Where settings are shown, they are shown as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from orps_lsp import settings_docs
from orps_lsp.cli import main
from orps_lsp.config import Origin, Settings, parse

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PACKAGE = ROOT / "editors" / "vscode" / "package.json"
HINT = "run `python -m orps_lsp.settings_docs .`"


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert settings_docs.in_readme(text) == text, HINT


def test_the_vs_code_extension_is_up_to_date() -> None:
    text = PACKAGE.read_text(encoding="utf-8")
    assert settings_docs.in_package_json(text) == text, HINT


def test_nothing_but_the_section_is_touched() -> None:
    text = PACKAGE.read_text(encoding="utf-8")
    old = text.replace('"orps.beam": {', '"orps.beams": {\n          "deprecated": true,')
    assert old != text
    assert settings_docs.in_package_json(old) == text
    with pytest.raises(ValueError, match="no section"):
        settings_docs.in_package_json("{}")
    with pytest.raises(ValueError, match="no marks"):
        settings_docs.in_readme("# orps-lsp\n")


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """What an editor makes of the parts of a JSON schema that are used here."""
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float)}
    if schema["type"] == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, kinds[schema["type"]]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    return schema.get("minimum", value) <= value <= schema.get("maximum", value)


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
@pytest.mark.parametrize("value", ["", "auto", "magic", True, -2, -1, 0, 0.05, 1, 2.5, 16, 99, 1e9])
def test_editor_and_server_accept_the_same(item: Field[Any], value: Any) -> None:
    schema = settings_docs.vscode_properties()[f"orps.{item.name}"]
    _, problems = parse({item.name: value}, Origin.EDITOR)
    assert accepts(schema, value) == (not problems)
    assert accepts(schema, schema["default"])


def test_a_project_is_offered_what_it_may_set() -> None:
    offered = settings_docs.pyproject_schema()["properties"]
    for item in fields(Settings):
        default = "qwen" if item.name == "model" else item.default
        _, problems = parse({item.name: default}, Origin.WORKSPACE)
        assert (item.name in offered) == (not problems)


def test_the_command_shows_what_is_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.orps]\nbeam = 5\nsandbox = "none"\n')
    (tmp_path / "package").mkdir()
    assert main(["settings", str(tmp_path / "package"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["workspace"] == str(tmp_path)
    assert shown["settings"]["beam"] == {"value": 5, "default": 3, "origin": "pyproject.toml"}
    assert shown["settings"]["rounds"] == {"value": 3, "default": 3, "origin": "default"}
    assert shown["settings"]["sandbox"]["value"] == "auto"
    (problem,) = shown["problems"]
    assert "'sandbox' can only be set by you" in problem

    assert main(["settings", str(tmp_path / "module.py")]) == 0
    printed = capsys.readouterr()
    assert "beam = 5  # pyproject.toml; default 3\n" in printed.out
    assert "'sandbox' can only" in printed.err
    assert main(["settings", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == settings_docs.pyproject_schema()


def test_the_files_are_written_by_the_module(tmp_path: Path) -> None:
    readme, package = tmp_path / "README.md", tmp_path / "editors" / "vscode" / "package.json"
    package.parent.mkdir(parents=True)
    readme.write_text(f"a\n{settings_docs.README_BEGIN}old\n{settings_docs.README_END}b\n")
    package.write_text(PACKAGE.read_text(encoding="utf-8").replace("orps.seed", "orps.old"))
    command = [sys.executable, "-m", "orps_lsp.settings_docs", str(tmp_path)]
    subprocess.run(command, check=True, timeout=60)
    assert settings_docs.markdown_table() in readme.read_text(encoding="utf-8")
    assert package.read_text(encoding="utf-8") == PACKAGE.read_text(encoding="utf-8")
