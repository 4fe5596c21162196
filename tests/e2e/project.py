"""A small project, and scripts for the scripted engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripted import BY_KEYS, REPORT, UNORDERED, write_project, write_script

# The module with BY_KEYS applied.
BETTER = REPORT.replace(
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
CRITIQUE = "It keeps the order | and is *linear*."


class Project:
    """A workspace with one module, its tests, and a script for the engine."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder = folder
        self.module = folder / "report.py"
        self._script = scripts / "script.json"
        write_project(folder)

    def settings(self, *answers: str, **script: Any) -> dict[str, Any]:
        """Settings for a short search over these answers."""
        answers = tuple(script.pop("answers", answers or (UNORDERED, BY_KEYS)))
        engine = write_script(self._script, *answers, **{"critique": CRITIQUE, **script})
        return {**engine, "candidates": len(answers), "rounds": 1}
