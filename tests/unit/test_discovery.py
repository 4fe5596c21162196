"""Finding the tests of a function: which files can reach it, what is remembered, what is told."""

from __future__ import annotations

import os
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluation_support import write_project

from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.discovery import finding, imports, reach
from orps_lsp.evaluation.discovery.found import Discovery
from orps_lsp.evaluation.discovery.suite import Observed
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import (
    BaselineError,
    Target,
    TestOutcome,
    TestResult,
    TestsProgress,
)
from orps_lsp.evaluation.session import Session
from orps_lsp.store import Store

FILLER = {
    f"tests/test_filler_{n:02}.py": "def test_it(): pass\n" for n in range(reach.MANY_TEST_FILES)
}


# What a file imports


@pytest.mark.parametrize(
    ("source", "names", "opaque"),
    [
        ("import a.b, c as d", {"a.b", "c"}, False),
        ("from a import b, c", {"a.b", "a.c"}, False),
        ("def f():\n    from a import b", {"a.b"}, False),
        ("importlib.import_module('a.b')", {"a.b"}, False),
        ("import_module(name)", set(), True),
        ("__import__('a')", {"a"}, False),
        ("pytest.importorskip('a')", {"a"}, False),
        ("mock.patch('a.b.f')", {"a.b.f"}, False),
        ("'no. dotted name', 'a.', '3.8'", set(), False),
        ("pytest_plugins = 'a'", {"a"}, False),
        ("pytest_plugins = ['a', 'b.c']", {"a", "b.c"}, False),
        ("pytest_plugins = find_them()", set(), True),
        ("import subprocess", {"subprocess"}, True),
        ("from runpy import run_path", {"runpy.run_path"}, True),
        ("exec(text)", set(), True),
        ("def test_plugin(pytester): pass", set(), True),
        ("def broken(:", set(), True),
        ("x = '\0'", set(), True),
    ],
)
def test_what_a_file_may_import(source: str, names: set[str], opaque: bool) -> None:
    found = imports.read(source)
    assert (found.names, found.opaque) == (names, opaque)


def test_relative_imports_keep_their_level() -> None:
    found = imports.read("from . import a\nfrom ..b import c")
    assert found.relative == {(1, "a"), (2, "b.c")}


# Which test files can reach a module


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


PACKAGE = {
    "src/pkg/__init__.py": "",
    "src/pkg/core.py": "def f(): return 1\n",
    "src/pkg/other.py": "import types\n",
    "src/pkg/types.py": "from pkg import core\n",
    "src/pkg/user.py": "from .core import f\n",
    "src/pkg/deep/__init__.py": "",
    "src/pkg/deep/er.py": "from ..user import f\n",
}


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("import pkg.core", True),
        ("from pkg import core", True),
        ("from pkg.core import f", True),
        ("from pkg.user import f", True),
        ("import pkg.deep.er", True),
        ("import src.pkg.core", True),
        ("from core import f", True),
        ("mock.patch('pkg.core.f')", True),
        ("import helper", True),
        ("from .helper import f", True),
        ("import_module(NAME)", True),
        ("import pkg", False),
        ("import pkg.other", False),
        ("import types, json", False),
        ("import coregonus", False),
    ],
)
def test_which_test_files_can_reach_a_module(tmp_path: Path, text: str, reaches: bool) -> None:
    helper = {"tests/helper.py": "from pkg.user import f\n"}
    always = {"tests/test_always.py": "import pkg.core\n"}
    write(tmp_path, {**PACKAGE, **FILLER, **helper, **always, "tests/test_it.py": text})
    scope = reach.scope(tmp_path, tmp_path / "src/pkg/core.py")
    assert scope is not None
    assert (str(tmp_path / "tests/test_it.py") in scope.files) == reaches
    assert str(tmp_path / "tests/test_always.py") in scope.files
    assert (scope.tests, scope.left_out) == (len(FILLER) + 2, len(FILLER) + (not reaches))
    assert scope.note.startswith(f"{scope.left_out} of {scope.tests} test files cannot reach")


@pytest.mark.parametrize(
    ("files", "reached"),
    [
        ({"tests/sub/conftest.py": "import core"}, {"tests/sub/test_sub.py"}),
        ({"tests/sub/__init__.py": "import core"}, {"tests/sub/test_sub.py"}),
        ({"tests/conftest.py": "import core"}, None),
        ({"conftest.py": "pytest_plugins = 'plugin'", "plugin.py": "import core"}, None),
        ({"tox.ini": "[pytest]\naddopts = -p plugin\n", "plugin.py": "import core"}, None),
        ({"setup.py": "setup(entry_points={'pytest11': ['core = core']})"}, "all"),
        (
            {"pytest.ini": "[pytest]\npython_files = check_*.py\n", "check_a.py": "import core"},
            {"check_a.py"},
        ),
        ({"tests/helper.py": "import core"}, "all"),
        ({"a_test.py": "import core"}, {"a_test.py"}),
        ({"space/name/mod.py": "import core", "test_a.py": "import name.mod"}, {"test_a.py"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_pytest_loads_for_a_test_counts(
    tmp_path: Path, files: Mapping[str, str], reached: set[str] | str | None
) -> None:
    """``None``: every test file can reach it; "all": none is left out for want of knowledge."""
    write(tmp_path, {"core.py": "", "tests/sub/test_sub.py": "", **FILLER, **files})
    scope = reach.scope(tmp_path, tmp_path / "core.py")
    if reached == "all":
        assert scope is None
        return
    assert scope is not None
    if reached is None:
        assert scope.left_out == 0
    else:
        names = {Path(file).relative_to(tmp_path).as_posix() for file in scope.files}
        assert {name for name in names if name in files or "test_" in name} >= reached
        assert scope.left_out == scope.tests - len(reached)


def test_few_test_files_are_run_whole(tmp_path: Path) -> None:
    few = dict(list(FILLER.items())[1:])
    write(tmp_path, {"core.py": "", **few, "tests/test_it.py": "import core\n"})
    assert reach.scope(tmp_path, tmp_path / "core.py") is None


@pytest.mark.parametrize("odd", ["linked folder", "outside"])
def test_what_cannot_be_overlooked_is_run_whole(tmp_path: Path, odd: str) -> None:
    root = tmp_path / "root"
    write(root, {"core.py": "", **FILLER, "tests/test_it.py": "import core\n"})
    target = root / "core.py"
    assert reach.scope(root, target) is not None
    if odd == "linked folder":
        (tmp_path / "elsewhere").mkdir()
        (root / "link").symlink_to(tmp_path / "elsewhere")
    else:
        target = tmp_path / "core.py"
        target.touch()
    assert reach.scope(root, target) is None


# Running them


class Jobs:
    """Opens a session for a function, finds its tests, and tells which jobs that took."""

    def __init__(self, session: Session, store: Store) -> None:
        self.session = session
        self.progress: list[TestsProgress] = []
        self.recorded: list[int] = []  # for each recording run, how many files were chosen
        self._store = store
        self._make = session.tests_job
        session.tests_job = self._tests_job  # type: ignore[method-assign]

    def _tests_job(self, *args: Any, **options: Any) -> Any:
        if options.get("record"):
            self.recorded.append(len(options["files"]))
        return self._make(*args, **options)

    async def find(self) -> tuple[Discovery, list[str]]:
        """Return what was found, and the tests as they ended alone."""
        found, alone = await finding.find(self.session, self._store, self.progress.append)
        return found, [test.result.id for test in alone.tests.values() if test.result.passed]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store" / "store.sqlite3")


@asynccontextmanager
async def finding_in(
    root: Path, store: Store, *, timeout: float = 60.0, qualname: str = "f"
) -> AsyncIterator[Jobs]:
    file = root / "core.py"
    target = Target(root, file, qualname, file.read_text())
    session = Session(
        target, await find_interpreter(root), await sandbox.choose("auto"), Limits(timeout)
    )
    try:
        yield Jobs(session, store)
    finally:
        await session.close()


CORE = {
    "core.py": "def f(x): return x\n",
    "test_core.py": """
        from core import f

        def test_one():
            assert f(1) == 1

        def test_two():
            assert f([2]) == [2]

        def test_other():
            pass
    """,
}
TOUCHING = ["test_core.py::test_one", "test_core.py::test_two"]


async def test_an_unchanged_project_is_remembered(tmp_path: Path, store: Store) -> None:
    root = write_project(tmp_path / "project", CORE)
    async with finding_in(root, store) as first:
        found, alone = await first.find()
    async with finding_in(root, store) as second:
        again, alone_again = await second.find()
    assert list(found.touching) == alone == alone_again == TOUCHING
    assert again == found
    assert len(found.calls) == 2
    assert (first.recorded, second.recorded) == ([0], [])
    assert [step.done for step in first.progress] == [1, 2, 3]
    assert first.progress[-1] == TestsProgress(done=3, collected=3, touching=2)
    assert second.progress == []


@pytest.mark.parametrize(
    "change",
    ["test_core.py", "conftest.py", "data/numbers.txt", "source", "function", "time limit"],
)
async def test_a_change_is_noticed(
    tmp_path: Path, store: Store, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(tmp_path / "project", {**CORE, "data/numbers.txt": "1"})
    async with finding_in(root, store) as jobs:
        await jobs.find()
    limit, qualname = 60.0, "f"
    if change == "source":
        (root / "core.py").write_text("def f(x): return (x)\n")
    elif change == "function":
        qualname = "g"
    elif change == "time limit":
        limit = 50.0
    else:
        with (root / change).open("a") as file:
            file.write("\nX = 1\n")
    async with finding_in(root, store, timeout=limit, qualname=qualname) as jobs:
        await jobs.find()
    assert jobs.recorded == [0]


async def test_what_is_remembered_must_still_hold(tmp_path: Path, store: Store) -> None:
    outside = tmp_path / "environment.txt"
    test = """
        import os
        from core import f

        def test_environment():
            assert f(os.environ["LANG"]) == "C"
    """
    root = write_project(tmp_path / "project", {**CORE, "test_core.py": test})
    outside.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANG", "C")
        async with finding_in(root, store) as jobs:
            found, _ = await jobs.find()
        assert [test.result.passed for test in found.touching.values()] == [True]
        # As if the key did not cover what the test depends on.
        kept = replace(
            found,
            touching={
                name: replace(test, result=replace(test.result, outcome=TestOutcome.FAILED))
                for name, test in found.touching.items()
            },
        )
        patch.setattr(Store, "get", lambda *_: kept.to_bytes())
        async with finding_in(root, store) as jobs:
            again, _ = await jobs.find()
    assert jobs.recorded == [0]
    assert [test.result.passed for test in again.touching.values()] == [True]


def test_a_discovery_comes_back_from_bytes() -> None:
    result = TestResult("a.py::t[\u00e4]", TestOutcome.FAILED, 0.5, "assert 1 == 2")
    found = Discovery(
        runner="pytest 8",
        collected=7,
        touching={result.id: Observed(result, "/a.py", 3, (0, 1))},
        calls={0: b"\x80\x04", 1: os.urandom(100)},
        unpicklable=2,
        module="core",
        path=("/w", "/lib"),
        libraries=("json",),
        processes=True,
        notes=("A note.",),
    )
    assert Discovery.from_bytes(found.to_bytes()) == found


async def test_in_a_large_suite_only_files_that_can_reach_it_are_run(
    tmp_path: Path, store: Store
) -> None:
    bombs = dict.fromkeys(FILLER, "raise SystemExit('it was loaded')\n")
    root = write_project(tmp_path / "project", {**CORE, **bombs})
    async with finding_in(root, store) as jobs:
        found, alone = await jobs.find()
    assert alone == TOUCHING
    assert jobs.recorded == [2]  # the module and its test
    assert found.collected == 3
    assert found.notes == (
        "20 of 21 test files cannot reach the function's module and were not run.",
    )


async def test_a_large_suite_is_run_whole_before_it_is_said_that_no_test_calls_it(
    tmp_path: Path, store: Store
) -> None:
    # How this reaches the function cannot be read from it.
    hidden = "import sys\nsys.path.append('.')\ndef test_it(co):\n    assert co.f(3) == 3\n"
    conftest = """
        import pytest, sys

        @pytest.fixture
        def co():
            __builtins__["__im" + "port__"]("core")
            return sys.modules["core"]
    """
    files = {"core.py": CORE["core.py"], "test_core.py": "import core\ndef test_none(): pass\n"}
    root = write_project(
        tmp_path / "project",
        {**files, **FILLER, "tests/conftest.py": conftest, "tests/test_hidden.py": hidden},
    )
    async with finding_in(root, store) as jobs:
        found, _ = await jobs.find()
    assert jobs.recorded == [2, 0]
    assert list(found.touching) == ["tests/test_hidden.py::test_it"]


async def test_a_suite_that_takes_too_long_is_used_as_far_as_it_came(
    tmp_path: Path, store: Store
) -> None:
    root = write_project(
        tmp_path / "project", {**CORE, "test_later.py": "def test_hang():\n    while True: pass\n"}
    )
    async with finding_in(root, store, timeout=4.0) as jobs:
        found, alone = await jobs.find()
    assert list(found.touching) == alone == TOUCHING
    assert jobs.recorded == [0, 1]
    assert found.module == "core"
    assert len(found.calls) == 2
    assert found.collected == 4
    assert "did not finish within 4 s; 3 of 4 tests ran" in " ".join(found.notes)


async def test_a_suite_that_crashes_is_used_as_far_as_it_came(tmp_path: Path, store: Store) -> None:
    crash = "import os\ndef test_crash():\n    os._exit(3)\n"
    root = write_project(tmp_path / "project", {**CORE, "test_later.py": crash})
    async with finding_in(root, store) as jobs:
        found, _ = await jobs.find()
    assert list(found.touching) == TOUCHING
    assert found.module == "core"
    notes = " ".join(found.notes)
    assert "ended before all had run during test_later.py::test_crash; 3 of 4 tests" in notes


async def test_a_suite_that_never_comes_to_the_function_in_time_is_an_error(
    tmp_path: Path, store: Store
) -> None:
    root = write_project(
        tmp_path / "project", {**CORE, "test_a.py": "def test_hang():\n    while True: pass\n"}
    )
    async with finding_in(root, store, timeout=3.0) as jobs:
        with pytest.raises(BaselineError, match="did not finish within 3 s"):
            await jobs.find()


async def test_tests_that_end_by_chance_are_named_and_left_out(
    tmp_path: Path, store: Store
) -> None:
    flaky = """
        import pytest, random
        from core import f

        @pytest.mark.parametrize("n", range(60))
        def test_flaky(n):
            assert f(random.SystemRandom().random()) < 0.5
    """
    root = write_project(tmp_path / "project", {**CORE, "test_flaky.py": flaky})
    async with finding_in(root, store) as jobs:
        found, _ = await jobs.find()
    assert {*TOUCHING} == {name for name in found.touching if "flaky" not in name}
    assert len(found.touching) < 40
    (by_chance,) = [note for note in found.notes if "changes from run to run" in note]
    assert "(test_flaky.py::test_flaky[" in by_chance
    assert by_chance.endswith(" more).")


async def test_tests_that_need_others_are_named_and_left_out(tmp_path: Path, store: Store) -> None:
    first = """
        import sys

        def test_sets():
            sys.seen = True
    """
    then = """
        import sys
        from core import f

        def test_needs():
            assert f(1) and sys.seen

        def test_minds():
            assert f(1) and not hasattr(sys, "seen")
    """
    files = {**CORE, "test_a.py": first, "test_b.py": then}
    root = write_project(tmp_path / "project", files)
    async with finding_in(root, store) as jobs:
        found, _ = await jobs.find()
    assert list(found.touching) == TOUCHING
    assert not found.processes, "that it passes alone is no sign of processes"
    assert found.notes == (
        "2 tests were left out: without the rest of the suite the outcome was another "
        "(test_b.py::test_needs, test_b.py::test_minds).",
    )


async def test_tests_that_need_processes_are_allowed_them(tmp_path: Path, store: Store) -> None:
    test = """
        import subprocess, sys
        from core import f

        def test_process():
            assert f(subprocess.call([sys.executable, "-c", ""])) == 0
    """
    root = write_project(tmp_path / "project", {**CORE, "test_core.py": test})
    async with finding_in(root, store) as jobs:
        found, alone = await jobs.find()
    async with finding_in(root, store) as again:
        assert (await again.find())[1] == alone == ["test_core.py::test_process"]
        assert again.session.processes
    assert found.processes
    assert again.recorded == []
