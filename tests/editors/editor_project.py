"""A project to refine in, and what a scripted model says about it: for tests of editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripted import write_project, write_script

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
FLAGS_TESTS = """from flags import later


def test_later():
    lines = ["\U0001f3f3 a", "b", "\U0001f3f3 c"]
    assert later(lines * 40) == [lines[2], lines[0]] * 40
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
        self.scripts.mkdir(parents=True)
        write_project(self.folder)
        (self.folder / "flags.py").write_text(FLAGS, encoding="utf-8", newline="")
        (self.folder / "test_flags.py").write_text(FLAGS_TESTS, encoding="utf-8")

    def script(self, name: str, *answers: str, **more: Any) -> str:
        """Write a script for the engine; returns its path."""
        path = self.scripts / f"{name}.json"
        return write_script(path, *answers, critique=CRITIQUE, **more)["script"]
