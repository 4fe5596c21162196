"""Which files a policy's paths really name, and what becomes of scratch directories."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from orps_lsp.evaluation.sandbox.launch import remove_tree
from orps_lsp.evaluation.sandbox.paths import closure, inside
from orps_lsp.evaluation.sandbox.scratch import Scratch, sweep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A python behind two links, one relative, and a directory behind a third."""
    base = tmp_path.resolve()
    (base / "python" / "bin").mkdir(parents=True)
    (base / "python" / "bin" / "python3.11").touch()
    (base / "local").mkdir()
    (base / "local" / "python").symlink_to("../python/bin/python3.11")
    (base / "venv" / "bin").mkdir(parents=True)
    (base / "venv" / "bin" / "python").symlink_to(base / "local" / "python")
    (base / "work").symlink_to("venv")
    (base / "loop").symlink_to("loop")
    return base


@pytest.mark.parametrize(
    ("paths", "real", "links"),
    [
        (["venv"], ["venv"], []),
        (["venv", "venv/bin"], ["venv"], []),
        (["venv/../local"], ["local"], []),
        (["missing", "loop"], [], ["loop"]),
        (["work/bin"], ["venv/bin"], ["work"]),
        (
            ["venv/bin/python"],
            ["python/bin/python3.11"],
            ["venv/bin/python", "local/python"],
        ),
    ],
)
def test_closure(root: Path, paths: list[str], real: list[str], links: list[str]) -> None:
    found = closure(root / path for path in paths)
    assert list(found.real) == [root / path for path in real]
    assert set(found.links) == {root / path for path in links}
    for link, target in found.links.items():
        assert link.readlink() == Path(target)


def test_inside_compares_whole_names() -> None:
    assert inside(Path("/home/u"), [Path("/home/u")])
    assert inside(Path("/home/u/x"), [Path("/srv"), Path("/home/u")])
    assert not inside(Path("/home/user"), [Path("/home/u")])


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_sweep_removes_what_dead_owners_left_and_nothing_else(temporary: Path) -> None:
    mine = Scratch()
    left = temporary / "orps-lsp-left"
    newborn = temporary / "orps-lsp-newborn"
    other = temporary / "other"
    link = temporary / "orps-lsp-link"
    for directory in (left, newborn, other):
        directory.mkdir()
    (left / "file").touch()
    link.symlink_to(other)
    for path in (mine.path, left, other, link):
        os.utime(path, (0, 0), follow_symlinks=False)

    sweep()

    assert names(temporary) == {
        mine.path.name,
        *("orps-lsp-newborn", "orps-lsp-link", "other"),
    }
    await mine.remove()
    assert not mine.path.exists()


def test_removes_closed_and_deep_directories(tmp_path: Path) -> None:
    top = tmp_path / "scratch"
    top.mkdir()
    descriptor = os.open(top, os.O_RDONLY)
    for _ in range(1100):  # deeper than a path, and than Python's stack, can be
        os.mkdir("deep", dir_fd=descriptor)
        below = os.open("deep", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    (top / "closed").mkdir()
    (top / "closed" / "file").touch()
    (top / "closed").chmod(0)
    remove_tree(str(top))
    assert not top.exists()
