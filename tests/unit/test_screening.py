"""What a candidate may not take up: reach outside, tricks with names, state between calls."""

from __future__ import annotations

import pytest
from screening_support import ORIGINAL, version

from orps_lsp.evaluation.screening import screen

IMPORTS = [
    ("import os\nreturn os.listdir()", "imports 'os'"),
    ("import os.path as p\nreturn p", "imports 'os.path'"),
    ("from subprocess import run\nreturn run(xs)", "imports 'subprocess'"),
    ("import importlib.util\nreturn xs", "imports 'importlib.util'"),
    ("import concurrent.futures as c\nreturn c", "imports 'concurrent.futures'"),
    ("import _posixsubprocess\nreturn xs", "imports '_posixsubprocess'"),
    ("import _socket\nreturn xs", "imports '_socket'"),
    ("import sys\nreturn sys._getframe(1)", "imports 'sys'"),
    ("import sys as s\nreturn s.modules", "imports 'sys'"),
    ("import sys\nreturn [sys.maxsize, sys]", "imports 'sys'"),
    ("from sys import maxsize, modules\nreturn modules", "imports 'sys'"),
    ("import random\nreturn random._os.listdir()", "reaches into '_os'"),
    ("import re as r\nreturn r.enum.sys.exit()", "reaches into 'sys'"),
    ("from random import _os\nreturn _os", "imports '_os' from 'random'"),
    ("from json import __builtins__ as b\nreturn b", "imports '__builtins__' from 'json'"),
]
NAMES = [
    ("return eval(xs)", "uses 'eval'"),
    ("return open(xs)", "uses 'open'"),
    ("[0 for open in ()]\nreturn open(xs)", "uses 'open'"),
    ("return [0 for open in open(xs)]", "uses 'open'"),
    ("def g(a=open):\n    open = a\nreturn g", "uses 'open'"),
    ("class A:\n    open = open\nreturn A", "uses 'open'"),
    ("raise SystemExit(0)", "uses 'SystemExit'"),
    ("return __builtins__['eval']", "uses '__builtins__'"),
    ("return __build_class__(xs, 'A')", "uses '__build_class__'"),
    ("try:\n    return xs\nexcept:\n    return 1", "bare 'except'"),
    ("global TABLE\nTABLE = xs", "'global TABLE'"),
]
ATTRIBUTES = [
    ("return xs.__class__.__subclasses__()", "reaches into"),
    ("return xs.__secret__", "reaches into '__secret__'"),
    ("return super(Box, xs).__getattribute__('size')", "reaches into '__getattribute__'"),
    ("return xs.gi_frame.f_back", "reaches into"),
    ("match xs:\n    case object(__globals__=g):\n        return g", "into '__globals__'"),
    ("match xs:\n    case f.__globals__:\n        return 1", "into '__globals__'"),
    ("return '{0.__globals__}'.format(f)", "reaches into '__globals__'"),
    ("return f'{f.__globals__}'", "reaches into '__globals__'"),
    ("return f'{{0.__glo{\"bals__\"}}}'.format(f)", "computed template"),
    ("return ('{0.__glo' + 'bals__}').format(f)", "computed template"),
    ("t = '{0.__glo'\nt += 'bals__}'\nreturn t.format_map(xs)", "computed template"),
    ("return str.format('{0.__glo' + 'bals__}', f)", "computed template"),
    ("import string\nreturn string.Formatter()", "reaches into 'Formatter'"),
    ("return getattr(xs, '__globals__')", "reaches into '__globals__'"),
    ("return getattr(xs, '__mine__')", "reaches into '__mine__'"),
    ("return getattr(xs, '__glo' + 'bals__')", "computed names"),
    ("return getattr(*xs)", "computed names"),
    ("g = getattr\nreturn g(xs, '__glo' + 'bals__')", "computed names"),
    ("return list(map(getattr, xs, xs))", "computed names"),
    ("import operator\nreturn operator.attrgetter('__glo' + 'bals__')(f)", "computed names"),
    ("from operator import attrgetter as a\nreturn a('__glo' + 'bals__')(f)", "computed names"),
    ("from operator import attrgetter\nreturn attrgetter(*xs)(f)", "computed names"),
    ("from operator import methodcaller as m\nreturn m(xs)(f)", "computed names"),
    ("import operator as o\nget = o.methodcaller\nreturn get('__' + 'x')", "computed names"),
    ("from operator import attrgetter\nreturn attrgetter('a.__globals__')(f)", "__globals__"),
]
TYPES = [
    ("return type('A', (list,), {})(xs)", "makes types"),
    ("t = type\nreturn t('A', (), {})", "makes types"),
    ("return type.__call__(type, 'A', (), {})", "makes types"),
    ("class M(type): pass\nreturn M", "makes types"),
    ("class A(metaclass=xs): pass\nreturn A", "metaclass"),
    ("class A(**xs): pass\nreturn A", "metaclass"),
    ("class A(list):\n    def __eq__(self, other): return True\nreturn A", "defines '__eq__'"),
    ("class A(list):\n    __ne__ = None\nreturn A", "defines '__ne__'"),
    ("class A:\n    if xs:\n        __eq__, y = xs\nreturn A", "defines '__eq__'"),
    ("class A: pass\nA.__eq__ = add\nreturn A", "sets '__eq__'"),
    ("import dataclasses\nreturn dataclasses.make_dataclass('A', [])", "'make_dataclass'"),
]
STATE = [
    ("TABLE[xs] = 1\nreturn TABLE", "state in 'TABLE'"),
    ("return TABLE.setdefault(1, xs)", "state in 'TABLE'"),
    ("put = TABLE.setdefault\nreturn put(1, xs)", "state in 'TABLE'"),
    ("memo = TABLE\nmemo[1] = xs", "state in 'memo'"),
    ("memo = TABLE\nwhile xs:\n    memo = memo[1]\n    memo[1] = xs", "state in 'memo'"),
    ("for row in TABLE:\n    row[0] = xs", "state in 'row'"),
    ("return [TABLE.update(x) for x in xs]", "state in 'TABLE'"),
    ("return dict.update(TABLE, xs)", "state in 'TABLE'"),
    ("from heapq import heappush\nheappush(TABLE[0], xs)", "state in 'TABLE'"),
    ("[0 for TABLE in ()]\nTABLE[1] = xs", "state in 'TABLE'"),
    ("OPTIONS['x'] = xs", "state in 'OPTIONS'"),
    ("OPTIONS.update(xs)", "state in 'OPTIONS'"),
    ("Box.kept = xs", "state in 'Box'"),
    ("type(xs).kept = xs", "state in 'type'"),
    ("f.memo = xs", "state in 'f'"),
    ("xs.memo = start", "sets 'memo' of an argument"),
    ("math.floor = xs", "state in 'math'"),
    ("import time as t\nt.perf_counter = xs", "state in 't'"),
    ("def g(x):\n    x.memo = 1\nreturn g(xs)", "sets 'memo' of an argument"),
]


@pytest.mark.parametrize(("body", "words"), IMPORTS + NAMES + ATTRIBUTES + TYPES + STATE)
def test_refused_in_the_body(body: str, words: str) -> None:
    reason = screen(ORIGINAL, version(body), "f")
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ("import os", "imports 'os'"),
        ("from json import *", "everything from 'json'"),
        ("from .near import *", "everything from '.near'"),
        ("import functools\n@functools.lru_cache(None)\ndef g(x): return x", "'g' caches between"),
        ("from functools import cache\ng = cache(other)", "caches between"),
        ("from functools import lru_cache as l\n@l\ndef g(x): return x", "'g' caches between"),
        ("def g(x, memo={}):\n    memo[1] = x", "state in 'memo'"),
        ("def g(x, *, memo=[]):\n    memo += [x]", "state in 'memo'"),
        ("def g(x, memo={}):\n    m = memo\n    m[1] = x", "state in 'm'"),
        ("import itertools\nIDS = itertools.count()\ndef g():\n    return next(IDS)", "in 'IDS'"),
        ("def g(x):\n    x.memo = 1", "sets 'memo' of an argument"),
        ("MEMO = {}\ndef g():\n    def h(x):\n        MEMO[x] = 1\n    return h", "in 'MEMO'"),
    ],
)
def test_refused_beside_the_function(top: str, words: str) -> None:
    reason = screen(ORIGINAL, version("return g(xs)", top), "f")
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize(
    "body",
    [
        "return [*sorted(xs)]",
        "import sys\nreturn min(xs, default=sys.maxsize)",
        "from io import StringIO\nreturn StringIO(xs)",
        "import re\nreturn re.compile(xs)",
        "import xml.etree as tree\nreturn tree",
        "from . import near\nreturn near.of(xs)",
        "memo = {}\nmemo[1] = xs\nxs.append(1)\nreturn memo",
        "return [row.append(1) for row in xs], [(lambda: row.append(1)) for row in xs]",
        "for row in xs:\n    row.append(1)",
        "row = list(GRID[0])\nrow.append(1)\nreturn row",
        "row = GRID[0]\nrow = [*row]\nrow[0] = 1\nreturn row",
        "import numpy as np\nreturn np.append(xs, np.insert(xs, 0, 1))",
        "import functools as ft\n@ft.cache\ndef g(x): return x\nreturn g(xs)",
        "seen = 0\ndef g():\n    nonlocal seen\n    seen += 1\nreturn g()",
        "def g(x, acc=[]):\n    acc.append(x)\nreturn g(xs)",
        "'Does not call __import__.'\nreturn getattr(xs, 'name', None)",
        "open = [xs]\nopen.append(start)\nreturn open",
        "vars = [input for input in xs]\nreturn vars",
        "from operator import attrgetter, methodcaller\n"
        "return sorted(xs, key=attrgetter('size')), methodcaller('lower')",
        "return '{}-{:>{}}'.format(xs, start, 3)",
        "row = '{}'\nreturn [row.format(x) for x in xs]",
        "return type(xs) is list and isinstance(xs, (type, list)) and [*map(type, xs)]",
        "from itertools import groupby\nreturn groupby(sorted(xs, key=type), type)",
        "k: type = type(xs)\ndef g(x: type | None) -> dict[str, type]: ...\nreturn k.__name__",
        "match xs:\n    case [int(first), *rest]:\n        return first, rest",
        "class Node:\n    __slots__ = ('a',)\n    def __init__(self, a):\n        self.a = a\n"
        "    def __lt__(self, other):\n        return self.a < other.a\nreturn Node(xs)",
        "try:\n    return xs[0]\nexcept (IndexError, KeyError) as error:\n    return str(error)",
        "box = Box(1)\nbox.size = 2\nbox.colour = 3\nreturn box",
        "return list.append(xs, 1) or dict.get(TABLE, 1)",
        "half_backwards = 'f_backwards'\nreturn half_backwards",
        "return xs" + " + 1" * 600,
    ],
)
def test_ordinary_code_passes(body: str) -> None:
    assert screen(ORIGINAL, version(body), "f") is None


@pytest.mark.parametrize(
    "name",
    ["math", "collections", "itertools", "functools", "heapq", "bisect", "re", "json", "numpy"],
)
def test_harmless_modules_may_be_imported(name: str) -> None:
    assert screen(ORIGINAL, version(f"import {name} as it\nreturn it"), "f") is None


def test_whatever_the_module_does_already_is_allowed() -> None:
    original = "import os\nM = {}\n\ndef f(x):\n    M[x] = os.getcwd()\n    return eval(x)\n"
    assert screen(original, original.replace("return", "y = M; return"), "f") is None


def test_an_attribute_that_the_module_sets_anywhere_may_be_set() -> None:
    original = "def f(x):\n    y = x.next\n    y.next = x\n    return y\n"
    assert screen(original, "def f(x):\n    x.next = x\n    return x\n", "f") is None
    assert screen(original, "def f(x):\n    x.memo = x\n    return x\n", "f") is not None


def test_an_object_of_the_class_is_given_no_new_attribute() -> None:
    original = "class A:\n    def m(self):\n        self.a = 1\n        return self.a\n"
    assert screen(original, original.replace("= 1", "= 2"), "A.m") is None
    assert "sets 'b'" in str(screen(original, original.replace("self.a", "self.b"), "A.m"))


def test_what_a_surrounding_function_keeps_is_shared_by_its_calls() -> None:
    original = "def make(seen):\n    n = 0\n    def f(x):\n        return x\n    return f\n"
    for body in ("seen.append(x)", "nonlocal n; n = x", "s = seen; s[0] = x"):
        candidate = original.replace("return x", f"{body}; return x")
        assert screen(original, candidate, "make.f") is not None
    inner = original.replace("return x", "s = []; s.append(x); return s")
    assert screen(original, inner, "make.f") is None


def test_code_that_does_not_parse() -> None:
    assert "does not parse" in str(screen(ORIGINAL, "def f(:", "f"))
    assert "does not parse" in str(screen(ORIGINAL, "x = '\0'", "f"))
