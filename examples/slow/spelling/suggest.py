"""What the shell proposes for a command that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

MAX_DISTANCE = 2


def edit_distance(typed: str, known: str) -> int:
    """Return how many letters must be inserted, removed or replaced to make one of the other."""
    if not typed:
        return len(known)
    if not known:
        return len(typed)
    if typed[0] == known[0]:
        return edit_distance(typed[1:], known[1:])
    inserted = edit_distance(typed, known[1:])
    removed = edit_distance(typed[1:], known)
    replaced = edit_distance(typed[1:], known[1:])
    return 1 + min(inserted, removed, replaced)


def suggestions(typed: str, commands: Iterable[str]) -> list[str]:
    """Return the commands that are close to what was typed, the closest first."""
    near = [(edit_distance(typed, command), command) for command in commands]
    return [command for distance, command in sorted(near) if distance <= MAX_DISTANCE]
