"""Names, files and the default: what is here and what a name means."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orps_lsp.models import (
    ModelBusy,
    ModelError,
    NotAModelFile,
    UnknownModel,
    catalogue,
    default_model,
    models_dir,
    present,
    remove,
    resolve,
)
from orps_lsp.models.library import lock_of, partial_dir

HUB_NAME = "hf:owner/repo-GGUF/some-model.Q4_K_M.gguf"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path / "models"))
    catalogue.cache_clear()
    (tmp_path / "models").mkdir()
    yield tmp_path / "models"
    catalogue.cache_clear()


def put(name: str, content: bytes = b"GGUF....") -> Path:
    path = resolve(name).path
    path.write_bytes(content)
    return path


def machine(monkeypatch: pytest.MonkeyPatch, cores: int, free_gib: float, total_gib: float) -> None:
    memory = namedtuple("memory", "total available")(int(total_gib * 2**30), int(free_gib * 2**30))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: cores * (2 if logical else 1))


@pytest.mark.parametrize(
    ("cores", "free_gib", "expected"),
    [
        (1, 2, "qwen2.5-coder-0.5b"),
        (2, 24, "qwen2.5-coder-0.5b"),
        (4, 24, "qwen2.5-coder-1.5b"),
        (6, 24, "qwen2.5-coder-1.5b"),  # 3B is for research only
        (8, 11, "qwen2.5-coder-1.5b"),
        (8, 12, "qwen2.5-coder-7b"),
        (32, 20, "qwen2.5-coder-7b"),
        (32, 24, "qwen2.5-coder-14b"),
        (32, 0.5, "qwen2.5-coder-0.5b"),  # nothing suits: the smallest that refines
    ],
)
def test_default_suits_the_machine(
    cores: int, free_gib: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, cores, free_gib, 64)
    assert default_model().name == expected
    assert resolve("auto").name == expected


@pytest.mark.parametrize(
    ("here", "total_gib", "expected"),
    [
        ((), 32, "qwen2.5-coder-0.5b"),
        (("smollm2-135m",), 32, "qwen2.5-coder-0.5b"),
        (("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"), 32, "qwen2.5-coder-1.5b"),
        (("qwen2.5-coder-0.5b", "qwen2.5-coder-3b"), 32, "qwen2.5-coder-3b"),
        (("qwen2.5-coder-0.5b", "qwen2.5-coder-14b"), 32, "qwen2.5-coder-14b"),
        (("qwen2.5-coder-0.5b", "qwen2.5-coder-14b"), 8, "qwen2.5-coder-0.5b"),  # does not fit
    ],
)
def test_default_is_the_largest_present_that_fits(
    here: tuple[str, ...], total_gib: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, 2, 2, total_gib)
    for name in here:
        put(name)
    assert default_model().name == expected


def test_a_catalogue_name_is_absent_until_its_file_is_there() -> None:
    target = resolve("qwen2.5-coder-7b")
    assert not target.present
    assert target.path == models_dir() / "qwen2.5-coder-7b-instruct-q4_k_m.gguf"
    put("qwen2.5-coder-7b")
    assert resolve("qwen2.5-coder-7b").present


def test_the_users_own_file_needs_no_catalogue(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF\x03")
    target = resolve(str(own))
    assert (target.path, target.present, target.model) == (own, True, None)


def test_home_and_relative_paths_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF\x03")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert resolve("~/own.gguf").path == resolve("own.gguf").path == tmp_path / "own.gguf"


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("qwen-coder-0.5b", UnknownModel, "Did you mean 'qwen2.5-coder-0.5b'?"),
        ("zzz", UnknownModel, "`orps-lsp models list`"),
        ("", UnknownModel, "`orps-lsp models list`"),
        ("missing.gguf", UnknownModel, "There is no file"),
        ("/", UnknownModel, "There is no file"),
        ("hf:owner/repo", UnknownModel, "hf:owner/repo/file.gguf"),
        ("hf:owner/repo/file.bin", UnknownModel, "hf:owner/repo/file.gguf"),
        ("hf:../../file.gguf", UnknownModel, "hf:owner/repo/file.gguf"),
        ("./text.gguf", NotAModelFile, "not a GGUF file"),
    ],
)
def test_a_name_that_means_nothing_says_what_would(
    name: str,
    error: type[ModelError],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "text.gguf").write_text("hello")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        resolve(name)
    assert words in str(caught.value)


def test_present_lists_catalogued_files_and_those_from_the_hub() -> None:
    put(HUB_NAME)
    put("smollm2-135m")
    assert [target.name for target in present()] == ["smollm2-135m", HUB_NAME]


def test_remove_deletes_the_file_and_what_a_broken_download_left() -> None:
    path = put("smollm2-135m", b"GGUF" * 100)
    partial = partial_dir(resolve("smollm2-135m"))
    partial.mkdir(parents=True)
    (partial / "x.part").write_bytes(b"12345")
    assert remove("smollm2-135m") == 405
    assert not path.exists()
    assert not partial.exists()
    assert remove("smollm2-135m") == 0


def test_remove_leaves_the_users_own_file_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF\x03")
    with pytest.raises(ModelError, match="your own file"):
        remove(str(own))
    assert own.exists()


def test_remove_does_not_pull_the_rug_from_under_a_download() -> None:
    path = put("smollm2-135m")
    with lock_of(resolve("smollm2-135m")), pytest.raises(ModelBusy):
        remove("smollm2-135m")
    assert path.exists()


def test_models_live_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORPS_LSP_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert models_dir().parts[-2:] == ("orps-lsp", "models")
