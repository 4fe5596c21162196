"""What the pairs of the false-win suite are made of: an original, a candidate, and weak tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluation_support import write_project


@dataclass(frozen=True)
class Pair:
    """Two versions of ``core.py`` and the body of a test module that both of them pass.

    ``needs`` is a library that the interpreter of the project must have.
    """

    name: str
    original: str
    candidate: str
    tests: str
    qualname: str = "f"
    needs: str = ""

    def __str__(self) -> str:
        return self.name

    def write(self, root: Path) -> Path:
        """Write the project with the original in it."""
        return write_project(
            root,
            {
                "core.py": self.original,
                "test_core.py": "import pytest\nfrom core import *\n" + self.tests,
            },
        )
