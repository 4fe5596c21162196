"""Where the original's time goes, line by line."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation_support import evaluating, write_project
from hypothesis import given, settings
from hypothesis import strategies as st

from orps_lsp.evaluation.protocol import HotLine
from orps_lsp.evaluation.timing.lines import MAX_LENGTH, SHOWN, choose
from orps_lsp.evaluation.worker.calls.lines import LineTracer


def traced(
    source: str, work: Callable[[Any], object], seconds: float = 5.0
) -> dict[str, list[int]]:
    """Runs and ns by the text of the line, for the function ``f`` of a source."""
    source = textwrap.dedent(source)
    space: dict[str, Any] = {}
    exec(compile(source, "module.py", "exec"), space)
    tracer = LineTracer(space["f"], seconds)
    before = sys.gettrace()
    try:
        tracer.run(lambda: work(space["f"]))
    finally:
        assert sys.gettrace() is None
        sys.settrace(before)
    lines = source.split("\n")
    return {lines[number - 1].strip(): [runs, ns] for number, runs, ns in tracer.report()["lines"]}


def test_runs_are_counted_and_calls_belong_to_the_line_that_makes_them() -> None:
    found = traced(
        """
        def slow():
            return sum(range(200_000))
        def f(n):
            total = 0
            for i in range(n):
                total += i
            slow()
            return total
        """,
        lambda f: [f(10), f(90)],
    )
    assert {text: runs for text, (runs, _) in found.items()} == {
        "total = 0": 2,
        "for i in range(n):": 102,
        "total += i": 100,
        "slow()": 2,
        "return total": 2,
    }
    assert max(found, key=lambda text: found[text][1]) == "slow()"


def test_recursion_counts_no_time_twice() -> None:
    start = time.perf_counter_ns()
    found = traced(
        """
        def f(n):
            if n < 2:
                return n
            return f(n - 1) + f(n - 2)
        """,
        lambda f: f(14),
    )
    assert found["if n < 2:"][0] == 1219
    assert sum(ns for _, ns in found.values()) < time.perf_counter_ns() - start


def test_what_a_function_defines_is_traced_with_it() -> None:
    found = traced(
        """
        def f(items):
            def key(item):
                return -item
            for item in sorted(items, key=key):
                yield item
        """,
        lambda f: list(zip(f(range(50)), f(range(50)), strict=True)),
    )
    assert found["return -item"][0] == 100 and found["yield item"][0] == 100


def test_coroutines_are_traced_while_others_run() -> None:
    async def both(f: Any) -> None:
        await asyncio.gather(f(3), f(3))

    found = traced(
        """
        import asyncio
        async def f(n):
            for _ in range(n):
                await asyncio.sleep(0)
        """,
        lambda f: asyncio.run(both(f)),
    )
    assert found["await asyncio.sleep(0)"][0] == 6


def test_exceptions_pass_and_leave_nothing_behind() -> None:
    def work(f: Any) -> None:
        for value in ("1", "x", "2"):
            f(value)

    found = traced(
        """
        def f(text):
            try:
                return g(text)
            except ValueError:
                return None
        def g(text):
            return int(text)
        """,
        work,
    )
    assert found["return g(text)"][0] == 3 and found["return None"][0] == 1


def test_when_the_time_is_over_the_rest_runs_untraced_and_unharmed() -> None:
    results = []
    found = traced(
        """
        def f(n):
            try:
                for i in range(n):
                    pass
            except BaseException:
                return "harmed"
            return n
        """,
        lambda f: results.append(f(3_000_000)),
        seconds=0.02,
    )
    assert results == [3_000_000]
    assert 0 < found["pass"][0] < 3_000_000


def test_what_is_no_python_function_is_not_traced() -> None:
    tracer = LineTracer(len, 1.0)
    tracer.run(lambda: len("abc"))
    assert tracer.report() == {"lines": []}


SOURCE = ["def f(x):", "    a = g(x)", "    b = h(x)", "    return a", "x" * (MAX_LENGTH + 1)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [[4, 1, 50], [2, 7, 650], [3, 2, 300]],
            (HotLine(2, "a = g(x)", 0.65, 7), HotLine(3, "b = h(x)", 0.3, 2)),
        ),
        ([[2, 7, 650]], ()),
        ([[2, 7, 0], [3, 1, 0]], ()),
        ([[5, 7, 650], [3, 1, 350]], (HotLine(3, "b = h(x)", 0.35, 1),)),
        ([], ()),
    ],
)
def test_only_what_says_something_is_shown(
    lines: list[list[int]], expected: tuple[HotLine, ...]
) -> None:
    assert choose({"lines": lines}, SOURCE) == expected


ANYTHING = st.recursive(
    st.none() | st.floats() | st.integers(-2, 9) | st.integers() | st.text(), st.lists
)


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(-2, 9), max_size=4) | ANYTHING))
def test_a_forged_report_costs_the_profile_and_no_more(lines: list[Any]) -> None:
    found = choose({"lines": lines}, SOURCE)
    assert len(found) <= SHOWN and all(line.text in "\n".join(SOURCE) for line in found)


PROJECT = {
    "core.py": """
        import functools

        def costly(n):
            return sum(i * i for i in range(n))

        def traced(function):
            @functools.wraps(function)
            def inner(*args):
                return function(*args)
            return inner

        @traced
        def work(items):
            seen = []
            for item in items:
                if item not in seen:
                    seen.append(item)
            return seen

        def tiny(x):
            y = x
            return y
        """,
    "test_core.py": """
        from core import tiny, work

        def test_work():
            assert len(work(list(range(400)))) == 400

        def test_tiny():
            assert tiny(1) == 1
        """,
}


async def test_the_baseline_tells_the_hottest_lines(tmp_path: Path) -> None:
    root = write_project(tmp_path, PROJECT)
    async with evaluating(root, "work") as evaluator:
        known = await evaluator.baseline()
    assert known.hot_lines[0].text == "if item not in seen:"
    assert known.hot_lines[0].runs == 400 and known.hot_lines[0].share > 0.5
    assert known.arguments == ("items: list of 400 int 0 to 399",)


async def test_what_takes_no_time_has_no_profile(tmp_path: Path) -> None:
    root = write_project(tmp_path, PROJECT)
    async with evaluating(root, "tiny") as evaluator:
        known = await evaluator.baseline()
    assert known.hot_lines == () and known.arguments == ("x: int 1",)
