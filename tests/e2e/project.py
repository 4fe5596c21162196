"""A small project, and scripts for the scripted engine."""

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
TESTS = """from report import total, unique


def test_order_is_kept():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_many():
    assert unique(list(range(300)) * 2) == list(range(300))


def test_total():
    assert total([1, 2, 3]) == 6
"""
FAST = """def unique(items):
    return list(dict.fromkeys(items))
```
This is linear."""
BETTER = MODULE.replace(
    """    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result
""",
    """    return list(dict.fromkeys(items))
""",
    1,
)
WRONG = """def unique(items):
    return sorted(set(items))
```
"""
SHORT_TOTAL = """def total(rows):
    return sum(rows)
```
"""
CRITIQUE = "It keeps the order | and is *linear*."


class Project:
    """A workspace with one module, its tests, and a script for the engine."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder = folder
        self.module = folder / "report.py"
        self._script = scripts / "script.json"
        folder.mkdir()
        (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
        self.module.write_text(MODULE)
        (folder / "test_report.py").write_text(TESTS)

    def settings(self, *answers: str, **script: Any) -> dict[str, Any]:
        """Settings for a short search over these answers."""
        script = {"answers": answers or (WRONG, FAST), "critiques": [CRITIQUE], **script}
        self._script.write_text(json.dumps(script))
        return {
            "engine": "scripted",
            "script": str(self._script),
            "candidates": len(script["answers"]),
            "rounds": 1,
        }
