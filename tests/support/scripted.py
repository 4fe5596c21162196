"""Small code to refine, and what a scripted model makes of it: for tests of server and editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

UNIQUE = '''def unique(items):
    """Distinct items, in the order of their first appearance."""
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result
'''
UNIQUE_TESTS = """def test_order_is_kept():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_many():
    assert unique(list(range(300)) * 2) == list(range(300))
"""
REPORT = f'''"""Reports."""

GREETING = "hello"


{UNIQUE}

def total(rows):
    """Sum of the amounts."""
    result = 0
    for row in rows:
        result = result + row
    return result
'''
REPORT_TESTS = f"""from report import total, unique


{UNIQUE_TESTS}

def test_total():
    assert total([1, 2, 3]) == 6
"""

BY_KEYS = """def unique(items):
    return list(dict.fromkeys(items))
```
This is linear."""
BY_SET = """def unique(items):
    result, seen = [], set()
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
```
"""
UNORDERED = """def unique(items):
    return sorted(set(items))
```
"""
BY_SUM = """def total(rows):
    return sum(rows)
```
"""
SLUGIFY = """import string


def slugify(title):
    kept = string.ascii_lowercase + string.digits
    words = "".join(c if c in kept else " " for c in title.lower()).split()
    return "-".join(words)
```
"""


def write_script(path: Path, *answers: str, critique: str, **more: Any) -> dict[str, str]:
    """Write what the engine answers, in turn; returns the settings to use it."""
    script = {"answers": answers, "critiques": [critique], **more}
    path.write_text(json.dumps(script))
    return {"engine": "scripted", "script": str(path)}


def write_project(folder: Path) -> None:
    """Write a project with one module and its tests."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (folder / "report.py").write_text(REPORT)
    (folder / "test_report.py").write_text(REPORT_TESTS)
