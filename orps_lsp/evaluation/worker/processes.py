"""What runs on this machine, as /proc tells it; nothing where there is no /proc."""

from __future__ import annotations

import contextlib
import os
import signal


def children_of(parent: int) -> list[int]:
    """Return the process ids of the direct children."""
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []  # no Linux: a child's process group is all that can be ended
    found = []
    for entry in entries:
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
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
