"""Complexity of source, and what the screen refuses before anything runs."""

from __future__ import annotations

import pytest

from orps_lsp.evaluation.static import Complexity, complexity, screen

NESTED = '''
@decorated
async def walk(a, b=1):
    """A docstring
    of two lines."""
    # a comment
    if a and b:
        for x in a:
            yield x

    inner = lambda: 1
'''
METHOD = """
class A:
    def m(self):
        return 1 if 2 else 3
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    return 1\n", Complexity(cyclomatic=1, cognitive=0, nodes=4, lines=2)),
        ("def f():\n    'doc'\n    return 1\n", Complexity(1, 0, 4, 2)),
        ("def f():\n    return (\n        1\n    )\n", Complexity(1, 0, 4, 4)),
        ("def f(x):\n    def g():\n        return x\n    return g\n", Complexity(2, 0, 9, 4)),
    ],
)
def test_complexity_counts_what_a_reader_must_follow(source: str, expected: Complexity) -> None:
    assert complexity(source) == expected


def test_complexity_grows_with_branches_and_leaves_out_documentation() -> None:
    nested = complexity(NESTED)
    assert (nested.cyclomatic, nested.cognitive, nested.lines) == (4, 4, 6)
    assert complexity(METHOD).cyclomatic == 2


def test_complexity_of_broken_source_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        complexity("def f(:")


ORIGINAL = """
import math
LOG = []
TABLE = {}

def f(xs):
    LOG.append(xs)
    return sorted(xs)
"""


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        ("def f(:", "does not parse"),
        ("import os\ndef f(xs): return os.listdir()", "imports 'os'"),
        ("def f(xs):\n    from subprocess import run\n    return run(xs)", "imports 'subprocess'"),
        ("import importlib.util\ndef f(xs): return xs", "imports 'importlib.util'"),
        ("import sys\ndef f(xs): return sys._getframe(1)", "imports 'sys'"),
        ("import sys as s\ndef f(xs): return s.modules", "imports 'sys'"),
        ("def f(xs): return eval(xs)", "uses 'eval'"),
        ("def f(xs): return open(xs)", "uses 'open'"),
        ("def f(xs): raise SystemExit(0)", "uses 'SystemExit'"),
        ("def f(xs): return xs.__class__.__subclasses__()", "reaches into"),
        ("def f(xs): return '{0.__globals__}'.format(f)", "reaches into '__globals__'"),
        ("def f(xs): return getattr(xs, '__gl' + 'obals__')", "computed names"),
        ("class A(list):\n    def __eq__(self, other): return True", "defines '__eq__'"),
        ("class A(list):\n    __ne__ = None", "defines '__ne__'"),
        ("M = None\ndef f(xs):\n    global M\n    M = xs", "'global M'"),
        ("MEMO = {}\ndef f(xs):\n    MEMO[xs] = 1\n    return MEMO", "state in 'MEMO'"),
        ("def f(xs):\n    TABLE.setdefault(1, xs)\nTABLE = {}", "state in 'TABLE'"),
        ("class Box:\n    kept = []\ndef f(xs):\n    Box.kept.append(xs)", "state in 'Box'"),
        ("def f(xs):\n    f.memo = xs", "state in 'f'"),
        ("def f(xs, memo={}):\n    memo[1] = xs\n    return memo", "state in 'memo'"),
        ("import functools\n@functools.lru_cache(None)\ndef f(xs): return xs", "caches between"),
        ("from functools import cache\ndef g(x): return x\nh = cache(g)", "cache that lives"),
    ],
)
def test_screen_refuses(candidate: str, words: str) -> None:
    reason = screen(ORIGINAL, candidate)
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize(
    "candidate",
    [
        ORIGINAL,
        ORIGINAL.replace("sorted(xs)", "[*sorted(xs)]"),
        "import math\nfrom collections import Counter\ndef f(xs): return Counter(xs)",
        "import sys\ndef f(xs): return min(xs, default=sys.maxsize)",
        "from io import StringIO\ndef f(xs): return StringIO(xs)",
        "import re\ndef f(xs): return re.compile(xs)",
        "ROMAN = {'I': 1}\ndef f(xs): return ROMAN[xs]",
        "def f(xs):\n    memo = {}\n    memo[1] = xs\n    xs.append(1)\n    return memo",
        "import numpy as np\ndef f(xs): return np.append(xs, np.insert(xs, 0, 1))",
        "import functools as ft\ndef f(xs):\n    @ft.cache\n    def g(x): return x\n    g(xs)",
        "def f(xs):\n    seen = 0\n    def g():\n        nonlocal seen\n        seen += 1\n    g()",
        "def f(xs):\n    def g(x, acc=[]):\n        acc.append(x)\n    return g(xs)",
        "def f(xs):\n    'Does not call __import__.'\n    return getattr(xs, 'name', None)",
    ],
)
def test_screen_lets_ordinary_code_pass(candidate: str) -> None:
    assert screen(ORIGINAL, candidate) is None


def test_screen_allows_what_the_module_does_already() -> None:
    original = "import os\nM = {}\n\ndef f(x):\n    M[x] = os.getcwd()\n    return eval(x)\n"
    assert screen(original, original.replace("return", "y = M; return")) is None
