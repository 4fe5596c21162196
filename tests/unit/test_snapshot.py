"""The workspace at one moment: what is copied, what is not, and what a sandbox shows of it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.project import snapshot as module
from orps_lsp.evaluation.project.snapshot import Snapshot
from orps_lsp.evaluation.protocol import Verdict


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name, text in {
        "pkg/core.py": "VALUE = 1\n",
        "data.txt": "x" * 1000,
        "odd name\n.txt": "",
        ".git/config": "secret",
        "pkg/__pycache__/core.pyc": "stale",
        ".venv/pyvenv.cfg": "",
        ".venv/lib/library.py": "",
        "web/node_modules/left.js": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "link").symlink_to("pkg/core.py")
    (root / "nowhere").symlink_to("/does/not/exist")
    (root / "empty").mkdir()
    (root / "pkg/core.py").chmod(0o755)
    os.mkfifo(root / "pipe")
    os.utime(root / "pkg/core.py", ns=(1, 1_000_000_007))
    os.utime(root / "pkg", ns=(1, 2_000_000_007))
    return root


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies go."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


async def test_copies_files_and_links_but_no_caches_and_no_other_peoples_code(
    workspace: Path,
) -> None:
    taken = await Snapshot.take(workspace, copy=True)
    root = taken.root
    assert root is not None
    assert names(root) == {
        *("pkg", "pkg/core.py", "data.txt", "odd name\n.txt", "link", "nowhere", "empty"),
        *(".venv", "web", "web/node_modules"),
    }
    assert (root / "link").readlink() == Path("pkg/core.py")
    assert (root / "data.txt").read_text() == "x" * 1000
    assert (root / "pkg/core.py").stat().st_mode & 0o777 == 0o755
    assert (root / "pkg/core.py").stat().st_mtime_ns == 1_000_000_007
    assert (root / "pkg").stat().st_mtime_ns == 2_000_000_007
    assert (root.parent.stat().st_mode & 0o777) == 0o700
    assert taken.files == 5
    assert taken.replaced == {
        workspace: root,
        workspace / ".venv": workspace / ".venv",
        workspace / "web/node_modules": workspace / "web/node_modules",
    }
    await taken.remove()
    await taken.remove()
    assert not root.parent.exists()


async def test_the_digest_depends_on_paths_and_contents_alone(workspace: Path) -> None:
    async def digest(copy: bool = False) -> str:
        taken = await Snapshot.take(workspace, copy=copy)
        await taken.remove()
        return taken.digest

    first = await digest()
    assert first and first == await digest(copy=True)
    os.utime(workspace / "data.txt", ns=(1, 1))
    (workspace / ".git" / "config").write_text("other")
    assert await digest() == first
    (workspace / "data.txt").write_text("y" * 1000)
    second = await digest()
    (workspace / "data.txt").rename(workspace / "data2.txt")
    third = await digest()
    (workspace / "link").unlink()
    (workspace / "link").symlink_to("data2.txt")
    assert len({first, second, third, await digest()}) == 4


async def test_live_files_tell_whether_they_changed(workspace: Path) -> None:
    target = workspace / "pkg" / "core.py"
    taken = await Snapshot.take(workspace, copy=False)
    assert taken.root is None and taken.replaced == {}
    target.write_text("the target's own text is no matter")
    (workspace / ".git" / "config").write_text("other")
    assert not taken.changed(except_for=target)
    (workspace / "data.txt").write_text("saved by an editor")
    assert taken.changed(except_for=target)


async def test_a_copy_does_not_change(workspace: Path) -> None:
    taken = await Snapshot.take(workspace, copy=True)
    (workspace / "data.txt").write_text("saved by an editor")
    assert not taken.changed(except_for=workspace / "pkg/core.py")
    await taken.remove()


@pytest.mark.parametrize("limit", [{"MOST_FILES": 3}, {"MOST_BYTES": 100}])
async def test_what_is_too_large_is_seen_live_and_that_is_said(
    limit: dict[str, int], workspace: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limit.items():
        monkeypatch.setattr(module, name, value)
    taken = await Snapshot.take(workspace, copy=True)
    assert taken.root is None and taken.replaced == {} and taken.digest == ""
    assert "is not copied: candidates see what is saved meanwhile" in taken.notes[0]
    assert names(temporary) == set()


@pytest.mark.parametrize("late", [False, True])
async def test_a_cancelled_take_leaves_nothing(
    late: bool, workspace: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, copied, original = threading.Event(), threading.Event(), module._take

    def slow(*arguments: object) -> Snapshot:
        going_on.wait()
        taken = original(*arguments)  # type: ignore[arg-type]
        copied.set()
        return taken

    monkeypatch.setattr(module, "_take", slow)
    taking = asyncio.create_task(Snapshot.take(workspace, copy=True))
    await asyncio.sleep(0.01)
    if late:  # the thread is done, and the task has not heard of it yet
        going_on.set()
        copied.wait()
    taking.cancel()
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await asyncio.get_running_loop().shutdown_default_executor()
    assert names(temporary) == set()


FILES = {
    "core.py": "def double(x):\n    return x + x\n",
    "table.py": "ANSWER = 4\n",
    "test_core.py": """
        import table
        from core import double

        def test_double():
            assert double(2) == table.ANSWER
    """,
}


async def test_saves_during_a_search_change_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", FILES)
    async with evaluating(root, "double", sandbox="bubblewrap") as evaluator:
        await evaluator.baseline()
        (root / "table.py").write_text("ANSWER = 5\n")
        (root / "test_core.py").unlink()
        evaluation = await evaluator.evaluate("def double(x):\n    return 2 * x\n")
        assert evaluation.verdict is Verdict.VERIFIED, evaluation.reason
    assert (root / "table.py").read_text() == "ANSWER = 5\n"


async def test_an_environment_in_the_workspace_is_not_copied_but_works(tmp_path: Path) -> None:
    tests = "import pathlib\nimport core\ndef test_it():\n    assert core.double(1) == 2\n"
    tests += "    assert pathlib.Path('venv/library.py').read_text() == 'live'\n"
    files = {"core.py": FILES["core.py"], "test_core.py": tests}
    root = write_project(tmp_path / "project", {**files, "venv/conda-meta/history": ""})
    (root / "venv/library.py").write_text("live")
    async with evaluating(root, "double", sandbox="bubblewrap") as evaluator:
        assert (await evaluator.baseline()).passed == 1
