"""Kinds of projects and functions: which tests touch them, what good and bad versions get."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from evaluation_support import NO_PLUGINS, evaluating, write_project

from orps_lsp.evaluation.protocol import Verdict

V = Verdict


@dataclass(frozen=True)
class Case:
    """A project; ``touching`` are the tests during which ``qualname`` runs."""

    name: str
    qualname: str
    files: Mapping[str, str]
    touching: tuple[str, ...]
    versions: tuple[tuple[str, str, Verdict], ...]  # (replace this, by that, what it gets)
    file: str = "core.py"
    recorded: int = 0
    unchecked: str = ""


CASES = [
    Case(
        name="functions, classes, parameters, fixtures",
        qualname="total",
        files={
            "core.py": """
                def total(xs):
                    result = 0
                    for x in xs:
                        result += x
                    return result

                def average(xs):
                    return total(xs) / len(xs)
            """,
            "conftest.py": """
                import pytest

                @pytest.fixture
                def numbers():
                    return [1, 2, 3]
            """,
            "test_core.py": """
                import pytest
                import core

                @pytest.mark.parametrize("n", [0, 5])
                def test_range(n):
                    assert core.total(list(range(n))) == n * (n - 1) // 2

                def test_indirect():
                    assert core.average([2, 4]) == 3

                def test_by_name():
                    assert getattr(core, "to" + "tal")([1]) == 1

                class TestTotal:
                    def test_fixture(self, numbers):
                        assert core.total(numbers) == 6

                    @pytest.mark.xfail
                    def test_known_bug(self):
                        assert core.total([1, -1]) == 1

                @pytest.mark.skip
                def test_skipped():
                    assert core.total([]) == 0

                def test_other():
                    assert core.__name__ == "core"
            """,
        },
        touching=(
            "test_core.py::test_range[0]",
            "test_core.py::test_range[5]",
            "test_core.py::test_indirect",
            "test_core.py::test_by_name",
            "test_core.py::TestTotal::test_fixture",
            "test_core.py::TestTotal::test_known_bug",
        ),
        recorded=6,
        versions=(
            ("result = 0", "return sum(xs)", V.VERIFIED),
            ("result += x", "result += abs(x)", V.DISAGREES),
            ("result += x", "result = x", V.FAILED_TESTS),
            ("result = 0", "result = '0'", V.FAILED_TESTS),
            ("result = 0", "result = no_such_name", V.FAILED_TESTS),
            ("def average", "raise ImportError\ndef average", V.BROKEN),
            ("result = 0", "print('hello'); result = 0", V.DISAGREES),
        ),
    ),
    Case(
        name="src layout with a package, wrong at an edge no test has",
        qualname="clamp",
        file="src/pkg/__init__.py",
        files={
            "src/pkg/__init__.py": """
                from .limits import LOW

                def clamp(x, high):
                    if x < LOW:
                        return LOW
                    if x > high:
                        return high
                    return x
            """,
            "src/pkg/limits.py": "LOW = 0\n",
            "tests/test_clamp.py": """
                from pkg import clamp

                def test_inside():
                    assert clamp(5, 9) == 5

                def test_above():
                    assert clamp(20, 9) == 9
            """,
        },
        touching=("tests/test_clamp.py::test_inside", "tests/test_clamp.py::test_above"),
        recorded=2,
        versions=(
            (
                "if x < LOW:",
                "return max(LOW, min(x, high)) if high >= LOW else slow(x, high)\n"
                "def slow(x, high):\n    if x < LOW:",
                V.VERIFIED,
            ),
            ("return LOW", "return x", V.DISAGREES),
            ("return LOW", "return float(LOW)", V.DISAGREES),
        ),
    ),
    Case(
        name="method, changed object",
        qualname="Stack.drain",
        files={
            "core.py": """
                class Stack:
                    def __init__(self, items):
                        self.items = items

                    def drain(self, count):
                        taken = []
                        for _ in range(count):
                            taken.append(self.items.pop())
                        return taken
            """,
            "test_core.py": """
                import pytest
                from core import Stack

                def test_drain():
                    assert Stack([1, 2, 3]).drain(2) == [3, 2]

                def test_empty():
                    with pytest.raises(IndexError):
                        Stack([]).drain(1)
            """,
        },
        touching=("test_core.py::test_drain", "test_core.py::test_empty"),
        recorded=2,
        versions=(
            ("taken = []", "return [self.items.pop() for _ in range(count)]", V.VERIFIED),
            ("self.items.pop()", "self.items[-len(taken) - 1]", V.DISAGREES),
        ),
    ),
    Case(
        name="argument changed in place",
        qualname="normalise",
        files={
            "core.py": """
                def normalise(rows):
                    for row in rows:
                        row["name"] = row["name"].strip().lower()
                    return rows
            """,
            "test_core.py": """
                from core import normalise

                def test_normalise():
                    assert normalise([{"name": " A "}]) == [{"name": "a"}]
            """,
        },
        touching=("test_core.py::test_normalise",),
        recorded=1,
        versions=(
            ("return rows", "return [*rows]", V.DISAGREES),
            (
                "for row in rows:",
                "return [{**r, 'name': r['name'].strip().lower()} for r in rows]\n"
                "    for row in rows:",
                V.DISAGREES,
            ),
            (".strip().lower()", ".lower().strip()", V.VERIFIED),
        ),
    ),
    Case(
        name="generator function",
        qualname="pairs",
        files={
            "core.py": """
                def pairs(xs):
                    for i in range(len(xs) - 1):
                        yield xs[i], xs[i + 1]
            """,
            "test_core.py": """
                from core import pairs

                def test_pairs():
                    assert list(pairs("abc")) == [("a", "b"), ("b", "c")]
            """,
        },
        touching=("test_core.py::test_pairs",),
        recorded=1,
        versions=(
            ("for i in", "yield from zip(xs, xs[1:])\n    return\n    for i in", V.VERIFIED),
            ("yield xs[i], xs[i + 1]", "yield (xs[i] or None), xs[i + 1]", V.VERIFIED),
            ("range(len(xs) - 1)", "range(min(len(xs) - 1, 2))", V.DISAGREES),
        ),
    ),
    Case(
        name="coroutine function",
        qualname="fetch",
        files={
            "core.py": """
                import asyncio

                async def fetch(keys):
                    found = {}
                    for key in keys:
                        await asyncio.sleep(0)
                        found[key] = len(key)
                    return found
            """,
            "test_core.py": """
                import asyncio
                from core import fetch

                def test_fetch():
                    assert asyncio.run(fetch(["a", "bc"])) == {"a": 1, "bc": 2}

                async def test_plugin():
                    assert await fetch([]) == {}
            """,
            "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
        },
        touching=("test_core.py::test_fetch", "test_core.py::test_plugin"),
        recorded=2,
        versions=(
            ("found = {}", "return {key: len(key) for key in keys}", V.VERIFIED),
            ("len(key)", "len(key) % 3", V.DISAGREES),
        ),
    ),
    Case(
        name="decorated class method and property",
        qualname="Money.parse",
        files={
            "core.py": """
                import functools

                def logged(function):
                    @functools.wraps(function)
                    def wrapper(*args, **kwargs):
                        return function(*args, **kwargs)
                    return wrapper

                class Money:
                    def __init__(self, cents):
                        self.cents = cents

                    @classmethod
                    @logged
                    def parse(cls, text, *, sign=1):
                        whole, _, part = text.partition(".")
                        return cls(sign * (int(whole) * 100 + int(part or 0)))
            """,
            "test_core.py": """
                from core import Money

                def test_parse():
                    assert Money.parse("3.50").cents == 350

                def test_sign():
                    assert Money.parse("2", sign=-1).cents == -200
            """,
        },
        touching=("test_core.py::test_parse", "test_core.py::test_sign"),
        recorded=2,
        versions=(
            (
                'whole, _, part = text.partition(".")',
                "whole, _, part = text.partition('.')",
                V.VERIFIED,
            ),
            ("return cls(sign", "return cls(1.0 * sign", V.DISAGREES),
            ("int(part or 0)", "int(part or 1)", V.FAILED_TESTS),
        ),
    ),
    Case(
        name="nested function: the tests alone",
        qualname="outer.inner",
        files={
            "core.py": """
                def outer(base):
                    def inner(x):
                        return base + x
                    return inner(1) + inner(2)
            """,
            "test_core.py": """
                from core import outer

                def test_outer():
                    assert outer(10) == 23
            """,
        },
        touching=("test_core.py::test_outer",),
        unchecked="cannot be called outside of its tests",
        versions=(
            ("base + x", "x + base", V.VERIFIED),
            ("base + x", "base - x", V.FAILED_TESTS),
        ),
    ),
    Case(
        name="arguments that cannot be copied",
        qualname="apply",
        files={
            "core.py": "def apply(function, x):\n    return function(x)\n",
            "test_core.py": """
                from core import apply

                def test_apply():
                    assert apply(lambda x: x + 1, 1) == 2
            """,
        },
        touching=("test_core.py::test_apply",),
        unchecked="arguments that cannot be copied",
        versions=(("return function(x)", "return (function)(x)", V.VERIFIED),),
    ),
    Case(
        name="results by chance",
        qualname="shuffle",
        files={
            "core.py": """
                import random

                def shuffle(xs):
                    return random.sample(xs, len(xs))
            """,
            "test_core.py": """
                from core import shuffle

                def test_shuffle():
                    xs = list(range(50))
                    assert sorted(shuffle(xs)) == xs
            """,
        },
        touching=("test_core.py::test_shuffle",),
        unchecked="different results for equal inputs",
        versions=(("len(xs)", "len([*xs])", V.VERIFIED),),
    ),
    Case(
        name="helper inside a test file",
        qualname="double",
        file="test_core.py",
        files={
            "test_core.py": """
                def double(x):
                    return x + x

                def test_double():
                    assert double(2) == 4
            """,
        },
        touching=("test_core.py::test_double",),
        recorded=1,
        versions=(
            ("x + x", "2 * x", V.VERIFIED),
            ("x + x", "x ** 2", V.DISAGREES),
        ),
    ),
    Case(
        name="namespace package, found by a conftest that changes the path",
        qualname="half",
        file="lib/space/name/core.py",
        files={
            "lib/space/name/core.py": "def half(x):\n    return x // 2\n",
            "conftest.py": """
                import pathlib, sys
                sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
            """,
            "tests/conftest.py": """
                import pytest

                @pytest.fixture
                def four():
                    return 4
            """,
            "tests/deep/conftest.py": """
                import pytest

                @pytest.fixture
                def eight(four):
                    return 2 * four
            """,
            "tests/deep/test_half.py": """
                from space.name.core import half

                def test_half(four, eight):
                    assert half(eight) == four
            """,
        },
        touching=("tests/deep/test_half.py::test_half",),
        recorded=1,
        versions=(
            ("x // 2", "x >> 1", V.VERIFIED),
            ("x // 2", "int(x / 2)", V.DISAGREES),
        ),
    ),
    Case(
        name="tests inside the package, two with one name",
        qualname="both",
        file="pkg/core.py",
        files={
            "pkg/__init__.py": "",
            "pkg/core.py": "def both(a, b):\n    return [a, b]\n",
            "pkg/one/__init__.py": "",
            "pkg/one/test_it.py": """
                from ..core import both

                def test_it():
                    assert both(1, 2) == [1, 2]
            """,
            "pkg/two/__init__.py": "",
            "pkg/two/test_it.py": """
                from pkg.core import both

                def test_it():
                    assert both("a", "b") == ["a", "b"]

                def test_nothing():
                    pass
            """,
        },
        touching=("pkg/one/test_it.py::test_it", "pkg/two/test_it.py::test_it"),
        recorded=2,
        versions=(
            ("return [a, b]", "return list((a, b))", V.VERIFIED),
            ("return [a, b]", "return [a, b] if a != 3 else []", V.DISAGREES),
            ("return [a, b]", "return [b, a]", V.FAILED_TESTS),
        ),
    ),
    Case(
        name="one module under two names",
        qualname="double",
        file="src/pkg/core.py",
        files={
            "src/pkg/__init__.py": "",
            "src/pkg/core.py": "def double(x):\n    return x + x\n",
            "test_one.py": """
                from pkg.core import double

                def test_one():
                    assert double(1) == 2
            """,
            "test_two.py": """
                import pkg.core
                import src.pkg.core

                def test_two():
                    assert src.pkg.core.double is not pkg.core.double
                    assert src.pkg.core.double([1]) == [1, 1]
            """,
        },
        touching=("test_one.py::test_one", "test_two.py::test_two"),
        recorded=2,
        versions=(
            ("x + x", "x * 2", V.VERIFIED),
            ("x + x", "2 + x - 1", V.FAILED_TESTS),
        ),
    ),
    Case(
        name="module that needs what conftest sets: the tests alone",
        qualname="greet",
        files={
            "core.py": """
                import os

                MODE = os.environ["GREETING_MODE"]

                def greet(name):
                    return MODE + name
            """,
            "conftest.py": "import os\nos.environ['GREETING_MODE'] = 'hello '\n",
            "test_core.py": """
                from core import greet

                def test_greet():
                    assert greet("you") == "hello you"
            """,
        },
        touching=("test_core.py::test_greet",),
        unchecked="cannot be called outside of its tests: KeyError: 'GREETING_MODE'",
        versions=(
            ("MODE + name", "f'{MODE}{name}'", V.VERIFIED),
            ("MODE + name", "name + MODE", V.FAILED_TESTS),
        ),
    ),
    Case(
        name="unittest classes, asynchronous ones too, under pytest",
        qualname="Counter.add",
        files={
            "core.py": """
                class Counter:
                    def __init__(self):
                        self.counts = {}

                    def add(self, key):
                        if key not in self.counts:
                            self.counts[key] = 0
                        self.counts[key] += 1
                        return self.counts[key]
            """,
            "test_core.py": """
                import unittest
                from core import Counter

                class AddTest(unittest.TestCase):
                    def setUp(self):
                        self.counter = Counter()

                    def test_twice(self):
                        self.assertEqual([self.counter.add("a") for _ in range(2)], [1, 2])

                class AsyncTest(unittest.IsolatedAsyncioTestCase):
                    async def test_once(self):
                        self.assertEqual(Counter().add("b"), 1)
            """,
        },
        touching=("test_core.py::AddTest::test_twice", "test_core.py::AsyncTest::test_once"),
        recorded=3,
        versions=(
            (
                "if key not in self.counts:",
                "self.counts[key] = self.counts.get(key, 0) + 1\n"
                "        return self.counts[key]\n        if key not in self.counts:",
                V.VERIFIED,
            ),
            ("+= 1", "+= 2", V.FAILED_TESTS),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_project(tmp_path: Path, case: Case) -> None:
    root = write_project(tmp_path, case.files)
    source = (root / case.file).read_text()
    async with evaluating(root, case.qualname, case.file) as evaluator:
        baseline = await evaluator.baseline()
        assert tuple(test.id for test in baseline.tests) == case.touching
        assert baseline.failed == 0
        assert baseline.recorded == case.recorded
        assert baseline.sandbox in ("bubblewrap", "landlock")
        for old, new, verdict in case.versions:
            assert old in source
            evaluation = await evaluator.evaluate(source.replace(old, new))
            assert (new, evaluation.verdict, evaluation.reason) == (
                new,
                verdict,
                evaluation.reason if verdict is not V.VERIFIED else "",
            )
            if verdict is V.VERIFIED:
                assert evaluation.evidence is not None
                assert evaluation.evidence.replayed == case.recorded
                assert case.unchecked in " ".join(evaluation.evidence.unchecked)
            else:
                assert evaluation.reason


IMPORTLIB = "--import-mode=importlib"
CONFIGURATIONS = {
    "pytest.ini": "[pytest]\naddopts = {options}\ntestpaths = checks\npython_files = check_*.py\n",
    "tox.ini": "[pytest]\naddopts = {options}\ntestpaths = checks\npython_files = check_*.py\n",
    "setup.cfg": (
        "[tool:pytest]\naddopts = {options}\ntestpaths = checks\npython_files = check_*.py\n"
    ),
    "pyproject.toml": (
        "[tool.pytest.ini_options]\naddopts = '{options}'\ntestpaths = ['checks']\n"
        "python_files = ['check_*.py']\npythonpath = ['lib']\n"
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("options", [IMPORTLIB, "--doctest-modules --doctest-glob=*.txt"])
async def test_the_projects_own_configuration_holds(
    tmp_path: Path, name: str, options: str
) -> None:
    """Two tests of one name need import mode importlib; a doctest is one more test."""
    test = "from core import f\ndef test_it():\n    assert f({0}) == {0}\n"
    file = "lib/core.py" if name == "pyproject.toml" else "core.py"
    files = {
        file: 'def f(x):\n    """>>> f(3)\n    3\n    """\n    return x\n',
        "checks/one/check_it.py": test.format(1),
        "test_ignored.py": "raise SystemExit\n",
    }
    touching = {"checks/one/check_it.py::test_it"}
    if options == IMPORTLIB:
        files["checks/two/check_it.py"] = test.format(2)
        touching.add("checks/two/check_it.py::test_it")
    root = write_project(tmp_path, files)
    (root / "pytest.ini").unlink()
    (root / name).write_text(CONFIGURATIONS[name].format(options=f"{NO_PLUGINS} {options}"))
    source = (root / file).read_text()
    async with evaluating(root, "f", file) as evaluator:
        baseline = await evaluator.baseline()
        other = await evaluator.evaluate(source.replace("return x", "return float(x)"))
        wrong = await evaluator.evaluate(source.replace("return x", "return 0"))
    assert {test.id for test in baseline.tests} == touching
    assert other.verdict is V.DISAGREES, other.reason
    assert wrong.verdict is V.FAILED_TESTS


FINDER = """
import sys, importlib.machinery, importlib.util

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "shop":
            folder = {folder!r}
            return importlib.util.spec_from_file_location(
                name, folder + "/__init__.py", submodule_search_locations=[folder]
            )

sys.meta_path.append(Finder)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    path = tmp_path / "environment"
    command = [sys.executable, "-m", "venv", "--without-pip", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.mark.parametrize("kind", ["path", "finder"])
async def test_an_editable_install(tmp_path: Path, environment: Path, kind: str) -> None:
    test = """
        import unittest
        from shop.core import f

        class FTest(unittest.TestCase):
            def test_f(self):
                self.assertEqual(f([1]), [1])
    """
    root = write_project(
        tmp_path / "project",
        {
            "code/shop/__init__.py": "",
            "code/shop/core.py": "def f(x):\n    return list(x)\n",
            "tests/test_f.py": test,
        },
    )
    site = environment / "lib/python{}.{}/site-packages".format(*sys.version_info)
    if kind == "path":
        (site / "shop.pth").write_text(f"{root / 'code'}\n")
    else:
        (site / "_shop_finder.py").write_text(FINDER.format(folder=str(root / "code/shop")))
        (site / "shop.pth").write_text("import _shop_finder\n")
    async with evaluating(root, "f", "code/shop/core.py", python=str(environment)) as evaluator:
        baseline = await evaluator.baseline()
        other = await evaluator.evaluate("def f(x):\n    return x\n")
        wrong = await evaluator.evaluate("def f(x):\n    return []\n")
    assert [test.id for test in baseline.tests] == ["test_f.FTest.test_f"]
    assert baseline.recorded == 1
    assert other.verdict is V.DISAGREES, other.reason
    assert wrong.verdict is V.FAILED_TESTS
