"""What runs on this machine, as /proc tells it; nothing where there is no /proc."""

from __future__ import annotations

import contextlib
import os
import signal

_LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def children_of(parent: int) -> list[int]:
    """Return the process ids of the direct children, whichever of its threads started them."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{parent}/task")
    except (
        OSError
    ):  # it is gone; or this is no Linux, and its process group is all that can be ended
        return found
    for thread in threads:
        path = f"/proc/{parent}/task/{thread}/children"
        with contextlib.suppress(OSError), open(path, "rb") as file:
            found += map(int, file.read().split())
    return found if found or _LISTS_CHILDREN else _with_parent(parent)


def _with_parent(parent: int) -> list[int]:
    """Do the same for a kernel that lists only parents."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
            if int(file.read().rpartition(b")")[2].split()[1]) == parent:
                found.append(int(entry))
    return found


def end_orphans(known: set[int]) -> None:
    """End our children but the ``known`` ones: as subreaper we get those that others leave."""
    while True:
        orphans = [pid for pid in children_of(os.getpid()) if pid not in known]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
