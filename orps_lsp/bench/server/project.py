"""The project that is edited: a long module, tests for one of its functions, answers to a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINES = 10_000
FUNCTION = "distinct"
_DELAY_SECONDS = 0.5  # a scripted answer takes about what a small model needs
_HEAD = f'''"""A long module."""

import functools
import math


def {FUNCTION}(items):
    """Distinct items, in the order of their first appearance."""
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result
'''
# Plain and decorated functions, methods, nested and asynchronous ones, comments and long strings.
_PART = '''

def area_{n}(radius: float, *, precise: bool = True) -> float:
    """Area of a circle.

    The radius is in metres; see {n}.
    """
    if radius < 0:
        raise ValueError(f"a radius of {{radius}} makes no sense")
    # Half of the callers want it rounded.
    return math.pi * radius**2 if precise else round(math.pi * radius**2, {n} % 5)


@functools.lru_cache(maxsize={n})
def steps_{n}(number: int) -> int:
    count = 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        count += 1
    return count


class Account{n}:
    """An account; amounts are in cents."""

    def __init__(self, owner: str, amounts: list[int]) -> None:
        self.owner = owner
        self.amounts = amounts

    @property
    def balance(self) -> int:
        total = 0
        for amount in self.amounts:
            total += amount
        return total

    def report(self, width: int = 40) -> str:
        def line(text: str) -> str:
            return text.rjust(width)

        return "\\n".join(line(str(amount)) for amount in self.amounts)

    async def send(self, client: object) -> None:
        for amount in self.amounts:
            await client.send({{"owner": self.owner, "amount": amount, "é": "\U0001f600"}})
'''
_TESTS = f"""
import pytest
from long_module import {FUNCTION}


@pytest.mark.parametrize("size", [0, 1, 5, 300])
def test_first_appearance(size):
    items = list(range(size))
    assert {FUNCTION}(items + items) == items


def test_order():
    assert {FUNCTION}([3, 1, 3, 2]) == [3, 1, 2]
"""
_ANSWERS = (
    "return list(dict.fromkeys(items))",
    "return sorted(set(items))",
    "seen = set()\n    return [x for x in items if not (x in seen or seen.add(x))]",
    "return [x for i, x in enumerate(items) if x not in items[:i]]",
)


@dataclass(frozen=True, slots=True)
class Project:
    """The module's file and text; ``functions`` are the lines (0-based) of its definitions."""

    folder: Path
    file: Path
    text: str
    functions: Sequence[int]

    @property
    def uri(self) -> str:
        return self.file.as_uri()

    def scripted(self, searches: int) -> dict[str, Any]:
        """Settings for searches over written answers, real ones in all else."""
        answers = [
            f"def {FUNCTION}(items):\n    if len(items) == -{number}:\n        return []\n"
            f"    {_ANSWERS[number % len(_ANSWERS)]}\n```\n"
            for number in range(1, 8 * searches + 1)
        ]
        script = self.folder / "script.json"
        script.write_text(json.dumps({"answers": answers, "delay": _DELAY_SECONDS}))
        return {"engine": "scripted", "script": str(script)}


def make(root: str) -> Project:
    """Write the project; its module has exactly :data:`LINES` lines."""
    folder = Path(root).resolve()
    text = _HEAD
    number = 0
    while text.count("\n") + _PART.count("\n") <= LINES:
        text += _PART.format(n=number)
        number += 1
    text += "# the end\n" * (LINES - text.count("\n"))
    file = folder / "long_module.py"
    file.write_text(text, encoding="utf-8")
    (folder / "test_long_module.py").write_text(_TESTS, encoding="utf-8")
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    lines = text.split("\n")
    functions = [n for n, line in enumerate(lines) if line.lstrip().startswith(("def ", "async "))]
    return Project(folder, file, text, functions)
