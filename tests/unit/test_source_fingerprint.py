"""Candidates are the same if they differ in words only."""

from __future__ import annotations

import pytest

from orps_lsp.source import fingerprint

BASE = (
    "def f(xs, n=1):\n    total = 0\n    for x in xs:\n        total += x * n\n    return total\n"
)


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("    ", "  "),
        BASE.replace("total", "acc").replace("for x", "for item").replace("x * n", "item * n"),
        BASE.replace("    total = 0", '    """Doc."""\n    # start\n    total = 0'),
        BASE.replace("(xs, n=1)", "(xs: list[int], n: int = 1) -> int"),
        BASE.replace("total = 0", "total: int = 0"),
        BASE.replace("total = 0", "total = (0)"),
    ],
)
def test_layout_words_and_local_names_do_not_count(other):
    assert fingerprint(other) == fingerprint(BASE)


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("total = 0", "total = 1"),
        BASE.replace("xs", "ys"),  # callers can name a parameter
        BASE.replace("n=1", "n=2"),
        BASE.replace("total += x * n", "total += total * n"),
        BASE.replace("def f", "async def f"),
        BASE.replace("def f", "@cache\ndef f"),
        f"import os\n{BASE}",
    ],
)
def test_what_the_code_does_counts(other):
    assert fingerprint(other) != fingerprint(BASE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("return [x for x in xs]", "return [y for y in xs]", True),
        ("return [x for x in x]", "return [y for y in x]", False),
        ("return {a: b for a, b in xs}", "return {a: b for b, a in xs}", False),
        (
            "y = 1\n    def g():\n        return y\n    return g",
            "z = 1\n    def g():\n        return z\n    return g",
            True,
        ),
        ("return (LIMIT, y)", "return (y, LIMIT)", False),
        (
            "def g():\n        y = 1\n    return y, g",
            "def g():\n        z = 1\n    return z, g",
            False,
        ),
        ("y = 1\n    return locals()", "z = 1\n    return locals()", False),
        ("global y\n    y = 1", "global z\n    z = 1", False),
        ("import re\n    return re", "import os\n    return os", False),
        ("return lambda a: a", "return lambda b: b", False),
        (
            "try:\n        g()\n    except E as e:\n        h(e)",
            "try:\n        g()\n    except E as u:\n        h(u)",
            False,
        ),
        ("a = 1\n    b = 2\n    return a, b", "b = 1\n    a = 2\n    return b, a", True),
        ("a = 1\n    b = 2\n    return a, b", "a = 1\n    b = 2\n    return b, a", False),
        (
            "class A:\n        y = 1\n    return A.y",
            "class A:\n        z = 1\n    return A.y",
            False,
        ),
        ("class A:\n        y: int\n    return A", "class A:\n        y: str\n    return A", False),
    ],
)
def test_only_names_that_nobody_else_can_see_are_interchangeable(one, other, same):
    first, second = (fingerprint(f"def f(xs):\n    {body}\n") for body in (one, other))
    assert (first == second) is same


def test_a_function_with_nonlocal_names_has_a_fingerprint():
    code = "def inner():\n    nonlocal count\n    count += 1\n"
    assert fingerprint(code) == fingerprint(code.replace("count += 1", "count += 1  # one more"))
    assert fingerprint(code) != fingerprint(code.replace("1", "2"))
