"""The worker under every CPython from 3.8 to 3.13 that is on this machine, each with its own
environment: with a pytest that supports it, with an old one, and with none (unittest)."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.protocol import TestOutcome, Verdict

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
OLD_PYTEST = "pytest==6.2.5"
PLUGINS = "pytest pytest-asyncio pytest-cov pytest-mock pytest-xdist"
ENVIRONMENTS = [
    *((version, requirement) for version in VERSIONS for requirement in ("pytest", "")),
    ("3.8", OLD_PYTEST),
    ("3.9", OLD_PYTEST),
]
# With this the machine is one that must offer all that is tested (see .ci/run).
REQUIRED = bool(os.environ.get("ORPS_REQUIRE_SANDBOXES"))

CORE = """
    import functools

    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper

    class Index:
        def __init__(self, words):
            self.words = words

        @logged
        def positions(self, wanted, /, *, start=0):
            found = []
            for place, word in enumerate(self.words):
                if word == wanted and place >= start:
                    found.append(place)
                    found.sort(key=abs)
            return found
"""
RIGHT = ("found = []", "return [n for n, w in enumerate(self.words) if w == wanted and n >= start]")
WRONG = ("place >= start", "place > start")
UNTESTED = ("found = []", "found = [] if wanted else [0]")  # no test asks for an empty word
CRASH = ("found = []", "__import__('ctypes').string_at(0)")

PYTEST = """
    import pytest
    from core import Index

    @pytest.mark.parametrize("start, expected", [(0, [0, 2]), (1, [2]), (3, [])])
    def test_positions(words, start, expected):
        assert Index(words[:4]).positions("a", start=start) == expected

    class TestMany:
        def test_many(self, words):
            assert len(Index(words * 200).positions("a")) == 400
"""
CONFTEST = """
    import pytest

    @pytest.fixture
    def words():
        return ["a", "b", "a", "c"]
"""
UNITTEST = """
    import unittest
    from core import Index

    WORDS = ["a", "b", "a", "c"]

    class PositionsTest(unittest.TestCase):
        def test_positions(self):
            for start, expected in [(0, [0, 2]), (1, [2]), (3, [])]:
                with self.subTest(start=start):
                    self.assertEqual(Index(WORDS).positions("a", start=start), expected)

        def test_many(self):
            self.assertEqual(len(Index(WORDS * 200).positions("a")), 400)
"""


def _candidates(version: str) -> Iterator[str]:
    for path in sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")):
        yield str(path)
    uv = shutil.which("uv")
    if uv:
        command = [uv, "python", "find", "--no-project", "--system", version]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        yield found.stdout.strip()
    yield shutil.which(f"python{version}") or ""


@functools.cache
def interpreter(version: str) -> str:
    """Return a Python of this version, empty if there is none."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
    for path in filter(None, _candidates(version)):
        answer = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        if answer.stdout.split() == [version, "cpython"]:
            return path
    return ""


class Environments:
    """Virtual environments, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, str], Path] = {}

    def get(self, version: str, requirement: str) -> Path:
        base = interpreter(version)
        if not base:
            pytest.skip(f"there is no Python {version} on this machine")
        if (version, requirement) not in self._made:
            path = self._folder / str(len(self._made))
            self._make(base, path, requirement)
            self._made[version, requirement] = path
        return self._made[version, requirement]

    def _make(self, base: str, path: Path, requirement: str) -> None:
        uv = shutil.which("uv")
        if uv:
            self._run([uv, "venv", "-q", "--python", base, str(path)])
            install = [uv, "pip", "install", "-q", "--python", str(path / "bin" / "python")]
        else:
            pip = ["--without-pip"] if not requirement else []
            self._run([base, "-m", "venv", *pip, str(path)])
            install = [str(path / "bin" / "python"), "-m", "pip", "install", "-q"]
        if requirement:
            self._run([*install, *requirement.split()])

    @staticmethod
    def _run(command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            report = pytest.fail if REQUIRED else pytest.skip
            report(f"{' '.join(command)}: {done.stderr[-500:]}")


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    return Environments(tmp_path_factory.mktemp("environments"))


@pytest.mark.parametrize(
    ("version", "requirement"),
    ENVIRONMENTS,
    ids=[f"{version}-{requirement or 'unittest'}" for version, requirement in ENVIRONMENTS],
)
async def test_evaluations(
    tmp_path: Path, environments: Environments, version: str, requirement: str
) -> None:
    environment = environments.get(version, requirement)
    tests = {"conftest.py": CONFTEST, "test_core.py": PYTEST}
    root = write_project(
        tmp_path, {"core.py": CORE, **(tests if requirement else {"test_core.py": UNITTEST})}
    )
    source = (root / "core.py").read_text()
    async with evaluating(root, "Index.positions", python=str(environment)) as evaluator:
        baseline = await evaluator.baseline()
        right, wrong, untested, crash, again = [
            await evaluator.evaluate(source.replace(*change))
            for change in (RIGHT, WRONG, UNTESTED, CRASH, RIGHT)
        ]
    assert f"(Python {version}." in baseline.interpreter
    runner = requirement.replace("==", " ") or f"unittest {version}."
    assert baseline.runner.startswith(runner)
    assert (baseline.passed, baseline.failed) == ((4, 0) if requirement else (2, 0))
    assert baseline.recorded == 4
    assert baseline.arguments == ("wanted: str of 1 character", "start: int 0 to 3")
    hottest = baseline.hot_lines[0]
    assert hottest.text == "found.sort(key=abs)" and hottest.runs >= 400
    assert (right.verdict, right.reason) == (Verdict.VERIFIED, "")
    assert right.speedup is not None
    assert right.speedup.claimed
    assert right.memory_ratio is not None
    assert right.evidence is not None
    assert right.evidence.generated > 50
    assert wrong.verdict is Verdict.FAILED_TESTS
    assert untested.verdict is Verdict.DISAGREES
    assert crash.verdict is Verdict.FAILED_TESTS
    assert TestOutcome.CRASHED in {test.outcome for test in crash.tests}
    assert again.verdict is Verdict.VERIFIED


async def test_plugins_that_the_project_uses(tmp_path: Path, environments: Environments) -> None:
    """Those that tests need work; worker processes and coverage are kept out of the way."""
    environment = environments.get("3.11", PLUGINS)
    root = write_project(
        tmp_path,
        {
            "pytest.ini": """
                [pytest]
                addopts = -n 2 --cov=core --cov-report=xml -p no:cacheprovider
                asyncio_mode = auto
            """,
            "core.py": """
                import time

                async def stamp(x):
                    return [time.time(), x]
            """,
            "test_core.py": """
                import asyncio
                import core

                async def test_stamp(mocker):
                    mocker.patch("core.time.time", return_value=5.0)
                    assert await core.stamp(1) == [5.0, 1]
            """,
        },
    )
    source = (root / "core.py").read_text()
    async with evaluating(root, "stamp", python=str(environment)) as evaluator:
        baseline = await evaluator.baseline()
        right, wrong = [
            await evaluator.evaluate(source.replace("[time.time(), x]", other))
            for other in ("list((time.time(), x))", "[0.0, x]")
        ]
    assert (baseline.passed, baseline.failed) == (1, 0)
    assert right.verdict is Verdict.VERIFIED, right.reason
    assert wrong.verdict is Verdict.FAILED_TESTS
    assert not (root / "coverage.xml").exists()
