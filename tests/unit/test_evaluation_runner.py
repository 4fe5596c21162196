"""The three ways to run a candidate's tests come to the same, or the quickest one is not taken."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from evaluation_support import write_project

from orps_lsp.evaluation import original, sandbox
from orps_lsp.evaluation.discovery.suite import SuiteRun
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import Target, TestOutcome
from orps_lsp.evaluation.runner import TestRunner
from orps_lsp.evaluation.session import Session
from orps_lsp.store import Store

GOOD, BAD = "return 2 * x", "return 3 * x"

TESTS = """
    import core

    def test_one():
        assert core.double(1) == 2

    def test_zero():
        assert core.double(0) == 0
"""


@asynccontextmanager
async def trying(root: Path, qualname: str = "double") -> AsyncIterator[TestRunner]:
    """Learn all about the original, load its tests, end everything."""
    file = root / "core.py"
    target = Target(root, file, qualname, file.read_text(encoding="utf-8"))
    found = await interpreter.find(root, "")
    session = Session(target, found, await sandbox.choose("auto"), Limits())
    try:
        known = await original.learn(session, Store(root / ".store" / "store.sqlite3"))
        runner = TestRunner(session, known.baseline.tests, known.files, known.wall)
        await runner.prepare()
        yield runner
    finally:
        await session.close()


def outcomes(run: SuiteRun) -> dict[str, TestOutcome]:
    return {name: test.result.outcome for name, test in run.tests.items()}


@dataclass(frozen=True)
class Case:
    """``core`` has "return x * 2" in it; ``collected``: whether its tests can be loaded ahead."""

    core: str
    tests: str = TESTS
    qualname: str = "double"
    collected: bool = True
    files: Mapping[str, str] | None = None


CASES = {
    "a function": Case("def double(x):\n    return x * 2\n"),
    "imported by name": Case(
        "def double(x):\n    return x * 2\n",
        "from core import double\ndef test_one():\n    assert double(1) == 2\n",
    ),
    "imported inside of the test": Case(
        "def double(x):\n    return x * 2\n",
        "def test_one():\n    from core import double\n    assert double(1) == 2\n",
    ),
    "loaded anew by a test": Case(
        "def double(x):\n    return x * 2\n",
        """
        import importlib
        import core

        def test_one():
            assert importlib.reload(core).double(1) == 2
        """,
    ),
    "a method": Case(
        "class Number:\n    def double(self, x):\n        return x * 2\n",
        "from core import Number\ndef test_one():\n    assert Number().double(1) == 2\n",
        qualname="Number.double",
    ),
    "cached": Case(
        "import functools\n\n@functools.lru_cache\ndef double(x):\n    return x * 2\n",
    ),
    "a coroutine": Case(
        "async def double(x):\n    return x * 2\n",
        """
        import asyncio, core

        def test_one():
            assert asyncio.run(core.double(1)) == 2
        """,
    ),
    "kept by a partial": Case(
        "import functools\ndef double(x):\n    return x * 2\none = functools.partial(double, 1)",
        "import core\ndef test_one():\n    assert core.one() == 2\n",
    ),
    "fixtures of a session, printed text, temporary files": Case(
        "def double(x):\n    return x * 2\n",
        """
        def test_one(number, capsys, tmp_path):
            import core
            print(core.double(number))
            (tmp_path / "file").write_text("x")
            assert capsys.readouterr().out == "2\\n"

        def test_descriptor(capfd):
            import os, core
            os.write(1, b"%d" % core.double(1))
            assert capfd.readouterr().out == "2"
        """,
        files={
            "conftest.py": """
                import pytest

                @pytest.fixture(scope="session")
                def number():
                    yield 1
            """
        },
    ),
    "a file that stays open": Case(
        "def double(x):\n    return x * 2\n",
        """
        import core
        numbers = open(__file__)

        def test_one():
            assert numbers.read(1) == "\\n"
            assert core.double(1) == 2
        """,
        collected=False,
    ),
    "called while modules load": Case(
        "def double(x):\n    return x * 2\n\nTABLE = [double(n) for n in range(3)]\n",
        "import core\ndef test_one():\n    assert core.TABLE[1] == core.double(1) == 2\n",
        collected=False,
    ),
    "copied by a decorator": Case(
        """
        import types

        def copied(function):
            return types.FunctionType(function.__code__, function.__globals__)

        @copied
        def double(x):
            return x * 2
        """,
        collected=False,
    ),
    "inside of a function": Case(
        "def outer(x):\n    def double(x):\n        return x * 2\n    return double(x)\n",
        "import core\ndef test_one():\n    assert core.outer(1) == 2\n",
        qualname="outer.double",
        collected=False,
    ),
    "threads": Case(
        "def double(x):\n    return x * 2\n",
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        import core

        def test_one():
            assert core.double(1) == 2
        """,
        collected=False,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_ways_to_run_tests_agree(tmp_path: Path, case: Case) -> None:
    files = {"core.py": case.core, "test_core.py": case.tests, **(case.files or {})}
    root = write_project(tmp_path, files)
    source = (root / "core.py").read_text(encoding="utf-8")
    good, bad = (source.replace("return x * 2", by) for by in (GOOD, BAD))
    assert good != source
    async with trying(root, case.qualname) as runner:
        for version, passes in ((good, True), (bad, False), (good, True)):
            full = outcomes(await runner.full(version))
            assert set(full.values()) & {TestOutcome.FAILED} == (set() if passes else {"failed"})
            assert outcomes(await runner.fresh(version)) == full
            collected = await runner.collected(version)
            if case.collected:
                assert collected is not None
                assert outcomes(collected) == full
                assert collected.done["entered"]
            else:
                assert collected is None
            assert outcomes(await runner.run(version)) == full


async def test_a_candidate_that_changes_more_is_run_in_full(tmp_path: Path) -> None:
    root = write_project(
        tmp_path, {"core.py": "BY = 2\ndef double(x):\n    return x * BY\n", "test_core.py": TESTS}
    )
    async with trying(root) as runner:
        version = "BY = 3\ndef double(x):\n    return x * BY\n"
        assert await runner.collected(version) is None
        assert TestOutcome.FAILED in outcomes(await runner.run(version)).values()
        assert await runner.collected("BY = 2\ndef double(x):\n    return BY * x\n") is not None


async def test_unittest_without_pytest_is_loaded_ahead_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = """
        import unittest
        import core

        class Doubles(unittest.TestCase):
            def test_one(self):
                self.assertEqual(core.double(1), 2)
    """
    root = write_project(
        tmp_path,
        {
            "core.py": "def double(x):\n    return x * 2\n",
            "test_core.py": test,
            # In the way of the real one.
            "pytest.py": "raise ImportError",
        },
    )
    async with trying(root) as runner:
        assert [test.id for test in runner.tests] == ["test_core.Doubles.test_one"]
        run = await runner.collected("def double(x):\n    return x + x + 1\n")
        assert run is not None
        assert list(outcomes(run).values()) == [TestOutcome.FAILED]


async def test_a_collector_that_dies_is_replaced(tmp_path: Path) -> None:
    root = write_project(
        tmp_path, {"core.py": "def double(x):\n    return x * 2\n", "test_core.py": TESTS}
    )
    version = f"def double(x):\n    {GOOD}\n"
    async with trying(root) as runner:
        assert await runner.collected(version) is not None
        for process in psutil.Process().children(recursive=True):
            process.send_signal(signal.SIGKILL)
        assert await runner.collected(version) is None  # that one was lost
        run = await runner.collected(version)
        assert run is not None
        assert set(outcomes(run).values()) == {TestOutcome.PASSED}


async def test_crashes_and_hangs_end_a_fork_and_not_the_loaded_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orps_lsp.evaluation.limits.MIN_TEST_SECONDS", 1.0)
    root = write_project(
        tmp_path,
        {
            "core.py": "import os, signal\ndef double(x):\n    return x * 2\n",
            "test_core.py": TESTS,
        },
    )
    header = "import os, signal\ndef double(x):\n    "
    async with trying(root) as runner:
        for body, outcome in {
            "os._exit(0)": TestOutcome.CRASHED,
            "while True: pass": TestOutcome.TIMEOUT,
            "os.kill(os.getppid(), signal.SIGKILL)": TestOutcome.FAILED,
            GOOD: TestOutcome.PASSED,
        }.items():
            run = await runner.collected(f"{header}{body}\n")
            assert run is not None, body
            assert (body, next(iter(outcomes(run).values()))) == (body, outcome)
