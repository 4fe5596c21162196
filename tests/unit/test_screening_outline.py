"""A candidate may differ in the function's body, new imports and new definitions; nothing else."""

from __future__ import annotations

import pytest
from screening_support import ORIGINAL, version

from orps_lsp.evaluation.screening import screen
from orps_lsp.source.splice import splice

OTHERS = "It changes more of the module than 'f'."
NESTED = '''
"""Doc."""
from typing import overload
from names import *

class A(Base):
    """A class."""
    kind = 1

    @property
    def size(self):
        return 1

    @size.setter
    @checked
    def size(self, value: int):
        unknown(value)

    @overload
    def both(self, x: int) -> int: ...
    @overload
    def both(self, x: str) -> str: ...
    def both(self, x):
        return x

    def numbers(self):
        yield 1
'''


def outer(old: str, new: str) -> str:
    changed = ORIGINAL.replace(old, new)
    assert changed != ORIGINAL
    return changed


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (outer("f(xs, start=0)", "f(xs)"), "changes the parameters of 'f'"),
        (outer("f(xs, start=0)", "f(xs, begin=0)"), "changes the parameters"),
        (outer("f(xs, start=0)", "f(xs, start=1)"), "changes the parameters"),
        (outer("f(xs, start=0)", "f(xs, start=False)"), "changes the parameters"),
        (outer("f(xs, start=0)", "f(xs, *, start=0)"), "changes the parameters"),
        (outer("f(xs, start=0)", "f(xs, /, start=0)"), "changes the parameters"),
        (outer("f(xs, start=0)", "f(xs, start=0, **more)"), "changes the parameters"),
        (outer("def f", "async def f"), "makes 'f' async"),
        (outer("return sorted(xs)", "yield sorted(xs)"), "makes 'f' a generator"),
        (outer("def f", "@other\ndef f"), "changes the decorators of 'f'"),
        (outer("def f", "def g"), "does not define 'f'"),
        (outer("math.floor(x)", "math.ceil(x)"), OTHERS),
        (outer("    size = 1", "    size = 2"), OTHERS),
        (outer("LOG = []", "LOG = []; print(1)"), OTHERS),
        (outer("LOG = []", "LOG = []  # a list"), OTHERS),
        (outer("class Box:", "class Box(list):"), OTHERS),
        (outer("def last():\n    return f([])", ""), OTHERS),
        (outer("LOG = []", "LOG = ()"), OTHERS),
        (outer("import math\n", ""), OTHERS),
        (
            outer("import math\nfrom operator import add", "from operator import add\nimport math"),
            OTHERS,
        ),
        (outer('"""Numbers."""\n', ""), OTHERS),
        (outer('"""Numbers."""\n', 'import re\n"""Numbers."""\n'), OTHERS),
        (ORIGINAL + "print(1)\n", "no import and no definition"),
        (ORIGINAL + "LOG.append(1)\n", "no import and no definition"),
        (ORIGINAL + "Box.size = 2\n", "no import and no definition"),
        (ORIGINAL + "TABLE[1] = 2\n", "no import and no definition"),
        (ORIGINAL + "A, *Box.size = 2, 3\n", "no import and no definition"),
        (ORIGINAL + "del add\n", "no import and no definition"),
        (ORIGINAL + "if f:\n    def g(): pass\n", "no import and no definition"),
        (ORIGINAL + "def other(x): return x\n", "binds 'other'"),
        (ORIGINAL + "import cmath as math\n", "binds 'math'"),
        (ORIGINAL + "from heapq import merge as sorted\n", "binds 'sorted'"),
        (ORIGINAL + "def len(x): return 1\n", "binds 'len'"),
        (ORIGINAL + "def __getattr__(name): return 1\n", "binds '__getattr__'"),
        (ORIGINAL + "f = other\n", "binds 'f'"),
        (version("return xs", "def f(xs, start=0): return 1"), "binds 'f'"),
        ("from __future__ import annotations\n" + outer('"""Numbers."""\n', ""), OTHERS),
        (outer("import math", "from __future__ import annotations\nimport math"), "the language"),
    ],
)
def test_refused(candidate: str, words: str) -> None:
    assert words in str(screen(ORIGINAL, candidate, "f"))


@pytest.mark.parametrize(
    "candidate",
    [
        ORIGINAL,
        f"\ufeff{ORIGINAL}",
        outer("f(xs, start=0)", "f(xs: list, start: int = 0) -> list"),
        outer("Sort, and say so.", "Sort."),
        version("return g(xs)", "import math.nope\nimport re\nfrom heapq import merge\nEND = [1]"),
        version("return xs", "class Pair:\n    pass\nasync def g(x): return Pair()\nA, B = 1, 2"),
    ],
)
def test_allowed(candidate: str) -> None:
    assert screen(ORIGINAL, candidate, "f") is None
    assert screen(f"\ufeff{ORIGINAL}", candidate, "f") is None


@pytest.mark.parametrize(
    ("qualname", "old", "new", "words"),
    [
        ("A.size", "unknown(value)", "return value", None),
        ("A.size", "@size.setter\n    @checked", "@size.setter", "decorators of 'size'"),
        ("A.size", "    @checked\n", "    @checked\n    @size.setter\n", "decorators of 'size'"),
        ("A.size", "return 1", "return 2", "more of the module than 'size'"),
        ("A.size", "(Base)", "", "more of the module"),
        ("A.size", "unknown", "def unknown(x): pass\n        unknown", None),
        ("A.size", "class A", "def unknown(x): pass\nclass A", "binds 'unknown'"),
        ("A.both", "return x", "return [x]", None),
        ("A.both", "int) -> int", "int) -> str", "more of the module"),
        ("A.numbers", "yield 1", "yield from (1, 2)", None),
        ("A.numbers", "yield 1", "return iter((1, 2))", "no longer a generator"),
        ("A.numbers", "yield 1", "return (lambda: (yield))", "no longer a generator"),
        ("A.numbers", "yield 1", "def g(): yield 1\n        return g()", "no longer a generator"),
    ],
)
def test_methods(qualname: str, old: str, new: str, words: str | None) -> None:
    candidate = NESTED.replace(old, new, 1)
    assert candidate != NESTED
    reason = screen(NESTED, candidate, qualname)
    assert reason is None if words is None else words in str(reason)


def test_not_async() -> None:
    assert "not async" in str(screen("async def f(): pass", "def f(): pass", "f"))


def test_long_numbers_and_deep_sums_are_compared() -> None:
    original = f"N = 0x{'f' * 9000}\nS = {' + '.join(['1'] * 600)}\ndef f(): return 1\n"
    assert screen(original, original.replace("return 1", "return 2"), "f") is None
    assert screen(original, original.replace("ff", "fe", 1), "f") == OTHERS


def test_an_original_without_the_function_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(LookupError):
        screen("def g(): pass", ORIGINAL, "f")


@pytest.mark.parametrize("qualname", ["f", "Box.__init__"])
def test_what_is_spliced_passes(qualname: str) -> None:
    header = "xs, start=0" if qualname == "f" else "self, size"
    name = qualname.rpartition(".")[2]
    candidate = (
        "import os.path as unused\nimport bisect\nfrom collections import Counter\n"
        "WEIGHTS = (1, 2)\ndef help_me(x):\n    return Counter(x), bisect, WEIGHTS\n"
        f"def {name}({header}):\n    help_me(1)\n"
    )
    assert screen(ORIGINAL, splice(ORIGINAL, qualname, candidate).text, qualname) is None
