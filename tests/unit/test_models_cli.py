"""``orps-lsp models``: what it prints, where, and its exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from models_support import WEIGHTS, Hub, Place, entry
from rich.console import Console

from orps_lsp.cli import main
from orps_lsp.cli.models import pull_with_progress
from orps_lsp.models import catalogue


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with Hub() as hub:
        place = Place(tmp_path, hub, monkeypatch)
        big = entry("big", digest=None, sources=('{ kind = "huggingface", repo = "a/b" }',))
        place.catalogue(
            entry(),
            big.replace("parameters = 0.001", "parameters = 7").replace('"automatic"', '"present"'),
        )
        yield place
    catalogue.cache_clear()


def orps_lsp(*arguments: str) -> int:
    return main(["models", *arguments])


def test_pull_prints_the_path_and_tells_its_progress_on_stderr(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orps_lsp("pull") == 0
    out, err = capsys.readouterr()
    assert out == f"{place.models / 'tiny.gguf'}\n"
    assert "tiny: asking Hugging Face" in err
    assert "tiny: checking the hash" in err


def test_on_a_terminal_pull_draws_a_bar_and_removes_it(place: Place) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    assert pull_with_progress("tiny", console).read_bytes() == WEIGHTS
    assert "tiny: checking the hash" in screen.getvalue()
    assert "3.0/3.0 MB" in screen.getvalue()


def test_path_prints_only_the_path_of_a_present_model(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orps_lsp("path", "tiny") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("orps-lsp: 'tiny' is not on this machine.\n")
    assert "models pull tiny" in err

    orps_lsp("pull", "tiny")
    capsys.readouterr()
    assert orps_lsp("path", "tiny") == 0
    assert capsys.readouterr() == (f"{place.models / 'tiny.gguf'}\n", "")


def test_list_shows_what_is_there_and_the_default(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    orps_lsp("pull", "tiny")
    capsys.readouterr()
    assert orps_lsp("list") == 0
    tiny, big = (
        line.split()
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("tiny", "big"))
    )
    assert tiny[-2:] == ["present,", "default"]
    assert "Apache-2.0" in tiny
    assert "present" not in big
    assert "~3.0" in big


def test_list_json_is_for_programs(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert orps_lsp("list", "--json") == 0
    tiny, big = json.loads(capsys.readouterr().out)
    assert tiny == {
        "name": "tiny",
        "title": "tiny",
        "licence": "Apache-2.0",
        "parameters_billions": 0.001,
        "size_bytes": len(WEIGHTS),
        "size_exact": True,
        "memory_mb": 1,
        "present": False,
        "default": True,
        "path": str(place.models / "tiny.gguf"),
    }
    assert (big["size_exact"], big["default"]) == (False, False)


def test_list_shows_models_that_came_from_a_hub_by_name(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    orps_lsp("pull", "hf:owner/tiny-gguf/tiny.gguf")
    capsys.readouterr()
    orps_lsp("list")
    assert "hf:owner/tiny-gguf/tiny.gguf" in capsys.readouterr().out


def test_remove_says_what_it_freed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    orps_lsp("pull", "tiny")
    capsys.readouterr()
    assert orps_lsp("remove", "tiny") == 0
    assert capsys.readouterr().out == "Removed tiny, 3.0 MB freed.\n"
    assert not (place.models / "tiny.gguf").exists()
    assert orps_lsp("remove", "tiny") == 0
    assert capsys.readouterr().out == "tiny is not here.\n"


def test_a_failed_pull_says_why_and_what_to_do(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.no_hub()
    assert orps_lsp("pull", "tiny") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "orps-lsp: 'tiny' could not be downloaded.\n  Hugging Face (owner/tiny-gguf): " in err
    assert err.splitlines()[-1].lstrip().startswith("Check the network")


def test_an_unknown_name_is_a_usage_error(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert orps_lsp("pull", "tinny") == 2
    assert "Did you mean 'tiny'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("fetch",), ("remove",)])
def test_wrong_arguments_are_a_usage_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        orps_lsp(*arguments)
    assert caught.value.code == 2
