"""Libraries of ours that the user's interpreter may import, where the project has none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

HYPOTHESIS = "hypothesis"
CROSSHAIR = "crosshair"


def folder(package: str) -> Path | None:
    """Return the folder that a package of ours is imported from; None if it is not installed."""
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent.parent if found is not None and found.origin else None


def readable() -> tuple[Path, ...]:
    """Return the folders that a sandbox has to show for these libraries to be imported."""
    found = [folder(package) for package in (HYPOTHESIS, CROSSHAIR)]
    return tuple(dict.fromkeys(path for path in found if path is not None))
