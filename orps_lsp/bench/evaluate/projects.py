"""The projects that are evaluated: a small one, one with a large suite, one with numpy."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orps_lsp.bench.pytest_plugins import without_plugins

_ORIGINAL = """
{imports}
def other(x):
    return x * 2


def unique(xs):
    {body}
"""
_BODY = """result = []
    for x in xs:
        if x not in result:
            result.append(x)
    return result"""
# What a model writes: right ones and wrong ones.
_VERSIONS = (
    "return list(dict.fromkeys(xs))",
    "return sorted(set(xs))",
    "seen = set()\n    return [x for x in xs if not (x in seen or seen.add(x))]",
    "return [x for x, y in zip(xs, xs[1:]) if x != y]",
)
_TESTS = """
{imports}
import pytest
from core import other, unique


@pytest.mark.parametrize("n", range({n}))
def test_unique_{k}(n):
    xs = [3, 1, 2, *range(n)]
    assert unique(xs + xs) == [3, 1, 2, *(x for x in range(n) if x not in (1, 2, 3))]
"""
_OTHER_TESTS = """
import pytest
from core import other


@pytest.mark.parametrize("n", range({n}))
def test_other_{k}(n):
    assert other(n) == n + n
"""


@dataclass(frozen=True, slots=True)
class Project:
    """``files`` by name; ``core.py`` holds the function, ``versions`` are other texts of it."""

    name: str
    files: Mapping[str, str]
    versions: tuple[str, ...]

    def write(self, root: Path) -> None:
        """Write the files into ``root``."""
        for name, text in self.files.items():
            (root / name).write_text(text, encoding="utf-8")


def projects() -> tuple[Project, ...]:
    """Return the three; none loads the pytest plugins that happen to be installed here."""
    numpy = "import numpy as np\n"
    return (
        _project("small", "", {"test_core.py": _TESTS.format(imports="", n=10, k=0)}),
        _project(
            "large",
            "",
            {
                "test_core.py": _TESTS.format(imports="", n=5, k=0),
                **{f"test_{k}.py": _OTHER_TESTS.format(n=13, k=k) for k in range(15)},
            },
        ),
        _project("numpy", numpy, {"test_core.py": _TESTS.format(imports=numpy, n=10, k=0)}),
    )


def _project(name: str, imports: str, tests: Mapping[str, str]) -> Project:
    original, *versions = (
        _ORIGINAL.format(imports=imports, body=body) for body in (_BODY, *_VERSIONS)
    )
    files = {"pytest.ini": without_plugins(), "core.py": original, **tests}
    return Project(name, {n: textwrap.dedent(text) for n, text in files.items()}, tuple(versions))
