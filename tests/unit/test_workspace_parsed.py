"""What jedi parsed is kept in our store, and a fault of the store is a miss."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from parso import cache

from orps_lsp.store import Store
from orps_lsp.workspace.inference import Inference
from orps_lsp.workspace.parsed import KIND

USER = "from maker import make\n\nmake()\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("ORPS_LSP_STORE", str(tmp_path / "store"))
    names = ("_load_from_file_system", "_save_to_file_system", "_remove_cache_and_update_lock")
    before = {name: getattr(cache, name) for name in names}
    yield Store()
    for name, function in before.items():
        setattr(cache, name, function)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "maker.py").write_text("def make():\n    return 1\n")
    (folder / "user.py").write_text(USER)
    return folder


def line_of_make(project: Path) -> int | None:
    """Where jedi finds the definition, with nothing but the store to remember."""
    cache.parser_cache.clear()
    names = Inference(project, [str(project)], sys.version_info[:2]).read(USER, project / "user.py")
    found = names.targets(3, 0)
    return found[0].line if found else None


def kept(store: Store) -> dict[str, bytes]:
    return store.find(KIND, "")


def test_a_tree_is_parsed_once(
    store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert line_of_make(project) == 1 and kept(store)
    monkeypatch.setattr(Store, "put", lambda *_: pytest.fail("it was parsed again"))
    assert line_of_make(project) == 1


def test_a_file_that_changed_is_parsed_again_and_takes_no_more_room(
    store: Store, project: Path
) -> None:
    line_of_make(project)
    number = len(kept(store))
    (project / "maker.py").write_text("\n\n\ndef make():\n    return 1\n")
    os.utime(project / "maker.py", (2e9, 2e9))
    assert line_of_make(project) == 4
    assert len(kept(store)) == number


@pytest.mark.parametrize(
    "damage", [lambda data: data[:40], lambda data: b"", lambda data: data[:8] + pickle.dumps(3)]
)
def test_a_damaged_tree_is_parsed_again(store: Store, project: Path, damage: object) -> None:
    line_of_make(project)
    whole = kept(store)
    for key, data in whole.items():
        store.put(KIND, key, damage(data))  # type: ignore[operator]
    assert line_of_make(project) == 1
    assert kept(store).keys() == whole.keys()


def test_a_store_that_cannot_be_written_is_no_fault(
    store: Store, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    assert line_of_make(project) == 1


def test_no_other_file_is_written(project: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom orps_lsp.workspace.inference import Inference\n"
        "root = Path(sys.argv[1])\nnames = Inference(root, [str(root)], (3, 11))\n"
        "text = (root / 'user.py').read_text()\n"
        "assert names.read(text, root / 'user.py').targets(3, 0)\n"
    )
    home = tmp_path / "home"
    (home / ".cache" / "jedi").mkdir(parents=True)
    environment = {"HOME": str(home), "ORPS_LSP_STORE": str(tmp_path / "store")}
    command = [sys.executable, "-B", "-c", code, str(project)]
    subprocess.run(command, check=True, timeout=60, env=environment)
    assert [path.name for path in home.rglob("*")] == [".cache", "jedi"]
    assert {path.name.partition("-")[0] for path in (tmp_path / "store").iterdir()} == {
        "store.sqlite3"
    }
    assert sorted(path.name for path in project.iterdir()) == ["maker.py", "user.py"]
