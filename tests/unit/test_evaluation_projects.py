"""Kinds of projects and functions: which tests touch them, what good and bad versions get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

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
