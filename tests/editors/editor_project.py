"""A project to refine in, and what a scripted model says about it: for tests of editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODULE = '''"""Reports."""

GREETING = "hello"


def unique(items):
    """Distinct items, in the order of their first appearance."""
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result


def total(rows):
    """Sum of the amounts."""
    result = 0
    for row in rows:
        result = result + row
    return result
'''
# Windows line ends, and characters that are two units of UTF-16 before what is refined.
FLAGS = '''"""\U0001f3f3 Flags."""

FLAG = "\U0001f3f3"


def flagged(lines): return [line for line in [("\U0001f3f3 " + line) for line in lines] if line]


def later(lines):
    """Lines that start with \U0001f3f3, the last ones first."""
    kept = []
    for line in lines:
        if line.startswith("\U0001f3f3"):
            kept.insert(0, line)
    return kept
'''.replace("\n", "\r\n")
TESTS = """from flags import later
from report import total, unique


def test_order_is_kept():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_many():
    assert unique(list(range(300)) * 2) == list(range(300))


def test_total():
    assert total([1, 2, 3]) == 6


def test_later():
    lines = ["\U0001f3f3 a", "b", "\U0001f3f3 c"]
    assert later(lines * 40) == [lines[2], lines[0]] * 40
"""
FAST = """def unique(items):
    return list(dict.fromkeys(items))
```
"""
SHORT = """def unique(items):
    result, seen = [], set()
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
```
"""
WRONG = """def unique(items):
    return sorted(set(items))
```
"""
TOTAL = """def total(rows):
    return sum(rows)
```
"""
LATER = """def later(lines):
    return [line for line in reversed(lines) if line.startswith("\U0001f3f3")]
```
"""
CRITIQUE = "looks each item up by its hash | in *linear* time."


class EditorProject:
    """A workspace with two modules and their tests, and scripts for the engine beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.scripts = folder / "scripts"
        self.folder.mkdir(parents=True)
        self.scripts.mkdir()
        pyproject = '[tool.pytest.ini_options]\npythonpath = ["."]\n'
        (self.folder / "pyproject.toml").write_text(pyproject)
        (self.folder / "report.py").write_text(MODULE)
        (self.folder / "flags.py").write_text(FLAGS, encoding="utf-8", newline="")
        (self.folder / "test_shop.py").write_text(TESTS, encoding="utf-8")

    def script(self, name: str, *answers: str, **more: Any) -> str:
        """Write a script for the engine; returns its path."""
        path = self.scripts / f"{name}.json"
        path.write_text(json.dumps({"answers": answers, "critiques": [CRITIQUE], **more}))
        return str(path)
