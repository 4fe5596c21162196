"""What a list of paths really names: symbolic links followed, one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orps_lsp.evaluation.sandbox.protocol import Policy

_MOST_LINKS = 40  # the kernel's own limit for one path


@dataclass(frozen=True, slots=True)
class Closure:
    """The existing files and directories behind some paths, none inside another.

    ``links`` holds the symbolic links met on the way, by where they really are, with their targets:
    with ``real`` and ``links`` in place every original path works.
    """

    real: tuple[Path, ...]
    links: dict[Path, str]


def needed(argv: Sequence[str], policy: Policy) -> list[Path]:
    """What ``argv`` needs beyond the system: what its policy says, and the program itself."""
    program = [Path(argv[0])] if os.sep in argv[0] else []
    return [*policy.readable, *program]


def closure(paths: Iterable[Path]) -> Closure:
    """Follow ``paths``. Those that lead nowhere are left out."""
    links: dict[Path, str] = {}
    real = {resolved for path in paths if (resolved := _follow(path, links)) is not None}
    outermost = sorted(path for path in real if not any(parent in real for parent in path.parents))
    return Closure(tuple(outermost), links)


def inside(path: Path, directories: Iterable[Path]) -> bool:
    """Whether ``path`` is one of ``directories`` or below one."""
    return any(path.is_relative_to(directory) for directory in directories)


def _follow(path: Path, links: dict[Path, str]) -> Path | None:
    """Resolve ``path`` as the kernel does, and note every link in ``links``."""
    here = Path("/")
    pending = list(reversed((Path.cwd() / path).parts[1:]))
    followed = 0
    while pending:
        part = pending.pop()
        if part == "..":
            here = here.parent
            continue
        step = here / part
        try:
            target = os.readlink(step)  # noqa: PTH115 - Path.readlink would tidy the text
        except OSError:  # not a link
            here = step
            continue
        followed += 1
        if followed > _MOST_LINKS:
            return None
        links[step] = target
        parts = Path(target).parts
        if Path(target).is_absolute():
            here, parts = Path("/"), parts[1:]
        pending.extend(reversed(parts))
    return here if here.exists() else None
