"""Look after running children: for what the kernel limits only per process, or not at all.

Root may start any number of threads and processes, many small files fill a disk, and many
processes the memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import NamedTuple

from .places import Places
from .processes import children_of

SECONDS = 0.1  # between two looks
MAX_TASKS = 256  # threads of a child and of all that it started
MEMORY_FACTOR = 2  # what a child and its processes may have together, in limits of one process
MAX_FILES = 10000
MAX_BYTES = 256 * 1024 * 1024


class _Watched(NamedTuple):
    memory_bytes: int
    files: int  # that were there before
    bytes: int


class Watchdog:
    """Finds children that take too much; who asks ends them."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._watched: dict[int, _Watched] = {}
        self._next = 0.0

    def watch(self, pid: int, memory_bytes: int) -> None:
        """Look after a child whose processes may have ``memory_bytes`` each."""
        self._watched[pid] = _Watched(memory_bytes, *self._places.usage(MAX_FILES, MAX_BYTES))

    def forget(self, pid: int) -> None:
        self._watched.pop(pid, None)

    def timeout(self, timeout: float | None) -> float | None:
        """Shorten a time of waiting (None: for ever) to the next look."""
        if not self._watched:
            return timeout
        left = max(0.0, self._next - time.monotonic())
        return left if timeout is None else min(left, timeout)

    def faults(self) -> dict[int, str]:
        """Say what children did too much of, by their process; at most once in ``SECONDS``."""
        if not self._watched or time.monotonic() < self._next:
            return {}
        found = {pid: self._fault(pid, watched) for pid, watched in self._watched.items()}
        self._next = time.monotonic() + SECONDS
        return {pid: fault for pid, fault in found.items() if fault}

    def stop(self, pid: int) -> None:
        """Stop a child and all that it started, so that none can start another meanwhile."""
        stopped: set[int] = set()
        while True:
            fresh = self._family(pid) - stopped
            if not fresh:
                return
            for member in fresh:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member, signal.SIGSTOP)
            stopped |= fresh

    def _fault(self, pid: int, watched: _Watched) -> str:
        tasks = memory = 0
        for member in self._family(pid):
            status = _status(member)
            tasks += status.get("Threads", 0)
            memory += 1024 * (status.get("RssAnon", 0) + status.get("RssShmem", 0))
        if tasks > MAX_TASKS:
            return f"started more than {MAX_TASKS} threads or processes"
        most = MEMORY_FACTOR * watched.memory_bytes
        if memory > most:
            return f"took more than {most >> 20} MiB of memory"
        files, size = self._places.usage(watched.files + MAX_FILES, watched.bytes + MAX_BYTES)
        if files > watched.files + MAX_FILES:
            return f"made more than {MAX_FILES} files"
        if size > watched.bytes + MAX_BYTES:
            return f"wrote more than {MAX_BYTES >> 20} MiB"
        return ""

    def _family(self, pid: int) -> set[int]:
        """Return the child and what descends from it, and orphans: nobody knows whose they are."""
        others = self._watched.keys() - {pid}
        found: set[int] = set()
        pending = [os.getpid()]
        while pending:
            below = [child for child in children_of(pending.pop()) if child not in others]
            pending += below
            found.update(below)
        return found


def tasks_of(user: int) -> int:
    """Count the threads of all of a user's processes, as far as /proc tells."""
    with contextlib.suppress(OSError):
        found = [_status(int(name)) for name in os.listdir("/proc") if name.isdigit()]
        return sum(status["Threads"] for status in found if status.get("Uid") == user)
    return 0


def _status(pid: int) -> dict[str, int]:
    """Return the numbers in ``/proc/PID/status``; memory in KiB."""
    numbers = {}
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            name, _, value = line.decode(errors="replace").partition(":")
            words = value.split()
            if words and words[0].isdigit():
                numbers[name] = int(words[0])
    return numbers
