"""The list of releases on the download page, made from the tags of the repository."""

from __future__ import annotations

import re
from collections.abc import Sequence


def version_key(tag: str) -> tuple[int, ...]:
    """Return what a tag is compared by: "v1.10.2" is (1, 10, 2).

    Parts that are no number ("rc") count as -1, so that they come before the release.
    """
    parts = re.split(r"[.-]", tag.removeprefix("v"))
    return tuple(int(part) if part.isdecimal() else -1 for part in parts)


def is_stable(tag: str) -> bool:
    """Say whether a tag names a release, and no candidate for one."""
    return -1 not in version_key(tag)


def newest_first(tags: Sequence[str]) -> list[str]:
    """Return the tags by version, the newest first.

    Tags of the same version ("1.0" and "v1.0") stay in the order in which they were given.
    """
    ordered: list[str] = []
    for tag in tags:
        position = 0
        while position < len(ordered) and version_key(ordered[position]) >= version_key(tag):
            position = position + 1
        ordered.insert(position, tag)
    return ordered


def latest(tags: Sequence[str]) -> str | None:
    """Return the newest stable release; None if there is none."""
    return next((tag for tag in newest_first(tags) if is_stable(tag)), None)
