"""A function's context is what it uses, the most relevant first."""

from __future__ import annotations

from textwrap import dedent

import pytest

from orps_lsp.source import Context, FunctionNotFound, collect, find

MODULE = dedent(
    '''\
    from __future__ import annotations
    import os
    import numpy as np
    from typing import (
        TYPE_CHECKING,
        Any,
    )
    if TYPE_CHECKING:
        from pathlib import Path
    try:
        import orjson as json
    except ImportError:
        import json

    LIMIT: int = 10
    UNUSED = 1
    BASE, STEP = 2, 3

    def clamp(x):
        """Clamp."""
        return min(x, deep(LIMIT))

    def deep(x):
        return deeper(x)

    def deeper(x):
        return x

    class Node:
        """A node."""
        size = 0

    class Parent:
        def __init__(self, items):
            self.items = items

        def load(self):
            return deeper(self.items)

    @decorate(1)
    class Bag(Parent):
        """A bag.

        With things.
        """
        kind: str = "bag"

        @property
        def total(self):
            return sum(self.load())

        def unrelated(self):
            return UNUSED

        def score(self, path: "Path", node: "Node"):
            def clamp_all(values):
                return [clamp(v) for v in values]
            return np.sum(clamp_all(self.total)) + clamp(STEP) + self.score(path, node)

    def outer(rate, start=0):
        """Count."""
        scale = rate * 2
        def helper(x):
            return x * scale
        def inner(x):
            return helper(x) + rate
        return inner

    def alone(LIMIT, deep):
        UNUSED = [BASE for BASE in LIMIT]
        return UNUSED, deep, lambda Node: Node
    '''
)


def context(qualname: str, source: str = MODULE) -> Context:
    return collect(source, find(source, qualname))


def names(qualname: str) -> list[str]:
    return [definition.name for definition in context(qualname).definitions]


def text(qualname: str, name: str, source: str = MODULE) -> str:
    return next(d.text for d in context(qualname, source).definitions if d.name == name)


@pytest.mark.parametrize(
    ("qualname", "expected"),
    [
        ("deeper", []),
        ("deep", ["deeper"]),
        ("clamp", ["LIMIT", "deep", "deeper"]),
        ("alone", []),
        ("Bag.unrelated", ["UNUSED", "Parent.__init__", "Parent"]),
        ("outer.inner", ["helper", "outer", "scale"]),
    ],
)
def test_what_is_used_is_collected_to_depth_two(qualname, expected):
    assert sorted(names(qualname)) == sorted(expected)


def test_a_method_sees_what_its_object_offers():
    found = names("Bag.score")
    assert set(found) == {
        "clamp",
        "STEP",
        "Node",
        "Bag.total",
        "Parent.__init__",
        "Parent",
        "LIMIT",
        "deep",
        "Parent.load",
    }
    assert found[0] == "clamp"  # mentioned most
    assert found.index("Parent.__init__") < found.index("LIMIT")


def test_weights_fall_with_the_distance():
    for qualname in ("clamp", "Bag.score", "outer.inner"):
        weights = [definition.weight for definition in context(qualname).definitions]
        assert weights == sorted(weights, reverse=True)
        assert weights[0] == 1.0
        assert weights[-1] < 1.0


def test_imports_that_are_used_come_first():
    assert context("Bag.score").imports.split("\n") == [
        "import numpy as np",
        "from pathlib import Path",
        "import os",
        "from typing import TYPE_CHECKING, Any",
        "import orjson as json",
        "import json",
    ]


def test_the_class_header_has_docstring_and_attributes_but_no_methods():
    assert context("Bag.score").class_header == dedent(
        '''\
        @decorate(1)
        class Bag(Parent):
            """A bag.

            With things.
            """
            kind: str = "bag"'''
    )
    assert context("clamp").class_header == ""


def test_texts_are_whole_and_dedented():
    assert (
        text("Bag.score", "Bag.total") == "@property\ndef total(self):\n    return sum(self.load())"
    )
    assert text("Bag.score", "STEP") == "BASE, STEP = 2, 3"


def test_the_function_around_a_closure_is_outlined():
    assert text("outer.inner", "outer") == 'def outer(rate, start=0):\n    """Count."""\n    ...'


def test_long_definitions_are_outlined():
    filler = "".join(f"    x = {n}\n" for n in range(50))
    methods = "".join(f"    def m{n}(self, x={n}):\n        return x\n" for n in range(30))
    table = "".join(f"    {n}: {n},\n" for n in range(50))
    source = (
        f"TABLE = {{\n{table}}}\n"
        f'@cached\ndef long(a,\n         b=1):\n    """Doc."""\n{filler}    return x\n'
        f'class Long(list):\n    """Doc."""\n    size: int = 1\n{methods}'
        "def f():\n    return TABLE, long, Long\n"
    )
    assert text("f", "TABLE", source) == "TABLE = ...  # 52 lines"
    assert text("f", "long", source) == (
        '@cached\ndef long(a,\n         b=1):\n    """Doc."""\n    ...'
    )
    outline = text("f", "Long", source).split("\n")
    assert outline[:4] == [
        "class Long(list):",
        '    """Doc."""',
        "    size: int = 1",
        "    def m0(self, x=0): ...",
    ]
    assert len(outline) == 34


def test_a_long_constructor_keeps_its_attributes():
    filler = "".join(f"        print({n})\n" for n in range(50))
    source = (
        f"class A:\n    def __init__(self, x):\n        self.x = x\n{filler}"
        "    def f(self):\n        return self.x\n"
    )
    assert text("A.f", "A.__init__", source) == ("def __init__(self, x):\n    self.x = x\n    ...")


def test_line_ends_do_not_matter():
    source = "\ufeff" + MODULE.replace("\n", "\r\n")
    assert context("Bag.score", source) == context("Bag.score")


def test_a_class_that_inherits_from_itself_ends():
    source = "class A(A):\n    def f(self):\n        return self.g()\n"
    assert context("A.f", source).definitions == ()


def test_a_function_of_another_text_is_not_found():
    with pytest.raises(FunctionNotFound):
        collect("x = 1\n", find(MODULE, "clamp"))
