"""The store: a cache that several processes share, that is bounded, and that never fails."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from pathlib import Path

import psutil
import pytest

from orps_lsp import store
from orps_lsp.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "store.sqlite3"


def test_what_was_put_is_got_by_others_too(path: Path) -> None:
    first = Store(path)
    assert first.get("suite", "a") is None
    first.put("suite", "a", b"\x00one")
    first.put("trace", "a", b"two")
    first.put("suite", "a", b"three")
    second = Store(path)
    assert (second.get("suite", "a"), second.get("trace", "a")) == (b"three", b"two")
    assert second.get("suite", "b") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_not_used_for_longest_goes_first_and_the_file_shrinks(path: Path) -> None:
    kept = Store(path, limit=1_000_000)
    for number in range(10):
        kept.put("n", str(number), bytes(100_000))
    assert kept.get("n", "0") is not None  # used again: the oldest no longer
    kept.put("n", "new", bytes(100_000))
    left = [number for number in range(10) if kept.get("n", str(number)) is not None]
    assert left == [0, 4, 5, 6, 7, 8, 9]
    assert kept.get("n", "new") is not None
    for number in range(100):
        kept.put("more", str(number), bytes(100_000))
    assert path.stat().st_size < 1_500_000


def test_an_entry_that_fills_the_store_stays_and_one_that_is_larger_is_not_kept(path: Path) -> None:
    kept = Store(path, limit=1000)
    kept.put("n", "small", bytes(500))
    kept.put("n", "full", bytes(1000))
    kept.put("n", "large", bytes(1001))
    assert [kept.get("n", key) is None for key in ("small", "full", "large")] == [True, False, True]


@pytest.mark.parametrize("damage", ["head", "page", "empty"])
def test_a_damaged_file_is_moved_aside(path: Path, damage: str) -> None:
    Store(path).put("n", "a", bytes(100_000))
    data = bytearray(path.read_bytes())
    start, end = {"head": (0, 16), "page": (4096, 8192), "empty": (0, 0)}[damage]
    data[start:end] = b"x" * (end - start)
    path.write_bytes(data if damage != "empty" else b"")
    again = Store(path)
    assert again.get("n", "a") in (None, bytes(100_000))
    again.put("n", "b", b"new")
    assert again.get("n", "b") == b"new"
    aside = path.with_name("store.sqlite3.damaged")
    assert aside.exists() == (damage != "empty")


def test_another_versions_entries_are_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).put("n", "a", b"old")
    monkeypatch.setattr(store, "SCHEMA", 7)
    monkeypatch.setattr(store, "_TABLES", store._TABLES.replace("= 1", "= 7"))
    assert Store(path).get("n", "a") is None
    Store(path).put("n", "a", b"new")
    assert Store(path).get("n", "a") == b"new"


def test_a_place_that_cannot_be_written_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = Store(tmp_path / "file" / "store.sqlite3")
    nowhere.put("n", "a", b"data")
    assert nowhere.get("n", "a") is None


def test_a_store_that_is_locked_is_read_and_not_waited_for_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(path).put("n", "a", b"data")
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.01)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert Store(path).get("n", "a") == b"data"
    Store(path).put("n", "a", b"other")
    writer.rollback()
    writer.close()
    assert Store(path).get("n", "a") == b"data"


def write(path: Path, start: multiprocessing.synchronize.Event, name: str) -> None:
    start.wait()
    for number in range(40):
        Store(path).put("n", f"{name}{number}", name.encode() * 1000)


def test_several_processes_write_at_once(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    writers = [context.Process(target=write, args=(path, start, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = [Store(path).get("n", f"{name}{number}") for name in "abc" for number in range(40)]
    assert found == [name.encode() * 1000 for name in "abc" for _ in range(40)]


def test_no_descriptor_stays_open(path: Path) -> None:
    kept = Store(path)
    kept.put("n", "a", b"data")
    opened = [file.path for file in psutil.Process().open_files()]
    assert not [name for name in opened if name.startswith(str(path))]


def test_the_users_cache_holds_it_unless_another_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORPS_LSP_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Store().path == tmp_path / "xdg" / "orps-lsp" / "store.sqlite3"
    monkeypatch.setenv("ORPS_LSP_STORE", str(tmp_path / "own"))
    assert Store().path == tmp_path / "own" / "store.sqlite3"


def test_what_is_removed_is_gone_from_the_file(path: Path) -> None:
    kept = Store(path)
    secrets = {name: f"secret {name} ".encode() * 5000 for name in "abc"}
    for name, data in secrets.items():
        kept.put("n", name, data)
    kept.put("other", "a", b"stays")
    assert kept.remove("n", ["a", "b", "nobody"]) == 2
    assert kept.remove("n", []) == 0
    assert kept.find("n", "") == {"c": secrets["c"]}
    assert kept.get("other", "a") == b"stays"
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert [f"secret {name}".encode() in left for name in "abc"] == [False, False, True]


def test_clearing_leaves_nothing_a_damaged_file_included(path: Path) -> None:
    kept = Store(path)
    kept.put("n", "a", b"secret " * 5000)
    path.write_bytes(b"x" * 16 + path.read_bytes()[16:])
    assert kept.get("n", "a") is None
    kept.put("n", "b", b"secret " * 5000)
    assert kept.clear() == 1
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"secret" not in left
    assert kept.clear() == 0


def test_what_cannot_be_removed_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).put("n", "a", b"data")
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.01)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert Store(path).remove("n", ["a"]) is None
    assert Store(path).clear() is None
    writer.rollback()
    writer.close()
    assert Store(path).remove("n", ["a"]) == 1
