"""Libraries of ours that the user's interpreter may import, where the project has none."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HYPOTHESIS = "hypothesis"
CROSSHAIR = "crosshair-tool"


def folder(name: str) -> Path | None:
    """Return the folder that a distribution of ours is installed in; None if it is not."""
    try:
        return Path(str(importlib.metadata.distribution(name).locate_file("")))
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def readable() -> tuple[Path, ...]:
    """Return the packages that a sandbox has to show for these libraries to be imported."""
    found = (path for name in (HYPOTHESIS, CROSSHAIR) for path in _parts(name, set()))
    return tuple(dict.fromkeys(found))


def _parts(name: str, seen: set[str]) -> Iterator[Path]:
    """Yield top-level files and folders of a distribution, and of those that it requires."""
    if name in seen:
        return
    seen.add(name)
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        yield Path(str(distribution.locate_file(top)))
    for requirement in distribution.requires or ():
        condition = requirement.partition(";")[2]
        if "extra" not in condition:
            yield from _parts(_name(requirement), seen)


def _name(requirement: str) -> str:
    """Return the name that a requirement begins with."""
    end = next((n for n, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), None)
    return requirement[:end]
