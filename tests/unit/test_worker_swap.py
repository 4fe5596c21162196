"""Swapping a candidate's code into a loaded module: what is changed, and what is refused."""

from __future__ import annotations

import builtins
import textwrap
import types

import pytest

from orps_lsp.evaluation.worker.loading import probe
from orps_lsp.evaluation.worker.loading.swap import Swap, Unswappable

MODULE = textwrap.dedent(
    """
    from __future__ import annotations
    import math

    LIMIT = 3


    def double(x: Number = LIMIT):
        \"\"\"Twice.\"\"\"
        return x * 2


    class Shape(object):
        sides = 4

        def __init__(self, n):
            self.__n = n

        def area(self):
            return self.__n * self.sides

        @staticmethod
        def name():
            return "shape"

        def parent(self):
            return super().__repr__()


    def after():
        return double(1)
    """
)


@pytest.fixture(autouse=True)
def entered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the probes in swapped code report."""
    modules: list[str] = []

    def report(name: str, *_: object) -> None:
        modules.append(name)

    monkeypatch.setattr(builtins, probe.SWAPPED, report, raising=False)
    return modules


def load() -> types.ModuleType:
    module = types.ModuleType("shapes")
    exec(compile(MODULE, "shapes.py", "exec", dont_inherit=True), module.__dict__)
    return module


def swapped(qualname: str, *replacements: tuple[str, str]) -> types.ModuleType:
    """Return the loaded module with its function swapped for the replaced text's."""
    module, text = load(), MODULE
    function: object = module
    for name in qualname.split("."):
        function = getattr(function, name)
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    Swap(MODULE, qualname, "shapes.py").apply(text, [function])  # type: ignore[list-item]
    return module


def test_a_function_does_what_the_candidate_does(entered: list[str]) -> None:
    module = swapped("double", ("return x * 2", "return x + x + 100"))
    assert module.double() == 106  # the default is kept
    assert module.after() == 102
    assert entered == ["shapes", "shapes"]


def test_a_method_keeps_its_class() -> None:
    module = swapped("Shape.area", ("return self.__n * self.sides", "return (self.__n, 7)"))
    assert module.Shape(5).area() == (5, 7)  # __n is mangled


def test_a_method_may_go_on_to_call_super() -> None:
    body = "return super().__repr__()"
    module = swapped("Shape.parent", (body, body + "[:1]"))
    assert module.Shape(5).parent() == "<"


def test_a_static_method() -> None:
    assert swapped("Shape.name", ('"shape"', '"form"')).Shape.name() == "form"


def test_imports_and_helpers_are_added() -> None:
    module = swapped(
        "double",
        ("import math\n", "import math\nimport itertools as it\n"),
        ("\ndef double", "\ndef helper(x):\n    return sum(it.repeat(x, 2))\n\n\ndef double"),
        ("return x * 2", "return helper(x)"),
    )
    assert module.double(4) == 8


REFUSED = {
    "another function too": (("return double(1)", "return double(2)"),),
    "a constant": (("LIMIT = 3", "LIMIT = 4"),),
    "a default": (("= LIMIT)", "= 5)"),),
    "a statement is gone": (("LIMIT = 3\n", ""),),
    "a new constant": (("LIMIT = 3\n", "LIMIT = 3\nTABLE = {}\n"),),
    "a new class": (("LIMIT = 3\n", "LIMIT = 3\nclass New: pass\n"),),
    "a helper that replaces a name": (
        ("import math\n", "import math\ndef after():\n    return 0\n"),
    ),
    "an import of all": (("import math\n", "import math\nfrom os import *\n"),),
    "an import that fails": (("import math\n", "import math\nimport no_such_module\n"),),
    "a decorator": (("def double", "@staticmethod\ndef double"),),
    "another kind": (("return x * 2", "yield x * 2"),),
    "no syntax": (("return x * 2", "return x *"),),
}


@pytest.mark.parametrize("replacements", REFUSED.values(), ids=REFUSED)
def test_what_needs_the_module_loaded_anew(replacements: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Unswappable):
        swapped("double", ('    """Twice."""\n', ""), *replacements)


def test_other_variables_of_the_functions_around() -> None:
    with pytest.raises(Unswappable, match="variables"):
        swapped("Shape.area", ("self.__n * self.sides", "super().__repr__()"))


@pytest.mark.parametrize(
    "text",
    [
        "def outer():\n    def inner(): pass\n",
        "if True:\n    def inner(): pass\n",
        "def inner(): pass\ndef inner(): pass\n",
        "class inner: pass\n",
    ],
)
def test_functions_that_cannot_be_told(text: str) -> None:
    with pytest.raises(Unswappable):
        Swap(text, "outer.inner" if "outer" in text else "inner", "x.py")
