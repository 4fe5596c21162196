"""The CPU time of another process, from outside: what that one says of itself may be forged."""

from __future__ import annotations

import time

CPUCLOCK_SCHED = 2  # see clock_getcpuclockid(3) and Linux' include/linux/posix-timers.h


def cpu_ns(pid: int) -> int | None:
    """Return what all threads of the process used so far; None where it cannot be told."""
    try:
        return time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED)
    except OSError:
        return None


def since(pid: int, before: int | None) -> int | None:
    """Return what the process used since its clock stood at ``before``."""
    now = cpu_ns(pid)
    return None if now is None or before is None else now - before
