"""What an examination finds."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from orps_lsp import __version__

COMMAND_INDENT = " " * 4


class Status(str, Enum):
    """How one check ended. Refining works with warnings, and not with errors."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``name`` is stable; ``found`` and ``advice`` are sentences for people.

    ``advice`` is empty where nothing is to be done. Commands stand in it on lines of their own,
    indented by four spaces.
    """

    name: str
    status: Status
    found: str
    advice: str = ""


def with_command(sentence: str, command: str) -> str:
    """Return advice that ends with a command."""
    return f"{sentence}\n{COMMAND_INDENT}{command}"


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one examination, in the order in which they ran."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether refining will work."""
        return all(check.status is not Status.ERROR for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return what ``doctor --json`` prints; the keys and the checks' names are stable."""
        return {
            "ready": self.ready,
            "orps_lsp": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "checks": [asdict(check) | {"status": check.status.value} for check in self.checks],
        }
