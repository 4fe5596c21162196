"""What a forked child does to itself before it touches the user's code."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Sequence
from typing import Any

from . import watchdog

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_SCOPE_SIGNAL = 2

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_OPEN_FILES = 512
NICENESS = 19
SPARE_TASKS = 2048  # threads and processes that the user's other programs may add meanwhile

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, argument: Any) -> bool:
    """Call Linux's prctl(2); False where it failed or there is none."""
    try:
        return int(_libc.prctl(option, argument, 0, 0, 0)) == 0
    except AttributeError:
        return False


def guard_zygote() -> None:
    """Orphans come to us, and children cannot open our memory (``/proc/PID/mem``).

    They cannot start processes without end either, unless root started the sandbox.
    """
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_DUMPABLE, 0)
    tasks = watchdog.tasks_of(os.getuid()) + SPARE_TASKS
    _set_limit(resource.RLIMIT_NPROC, tasks, tasks)


def detach(keep: Sequence[int]) -> None:
    """Leave the zygote's session, die with it, and drop every descriptor that is not ours."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_DUMPABLE, 0)  # which a fresh interpreter is by itself
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 4096)


def limit(limits: dict[str, Any], filter_program: bytes | None) -> None:
    """Apply resource limits and the system call filter; there is no way back."""
    memory = int(limits["memory_bytes"])
    cpu = limits.get("cpu_seconds")
    _set_limit(resource.RLIMIT_AS, memory, memory)
    if cpu:  # not where time is measured: it makes Linux count a process's time in ticks
        _set_limit(resource.RLIMIT_CPU, cpu, cpu + 1)
    _set_limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES, MAX_FILE_BYTES)
    _set_limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES, MAX_OPEN_FILES)
    _set_limit(resource.RLIMIT_CORE, 0, 0)
    if limits["processes"]:  # a fork bomb shall leave time for who ends it
        os.nice(NICENESS)
    if filter_program:
        _keep_signals_inside()
        _install_filter(filter_program)


def _set_limit(which: int, soft: int, hard: int) -> None:
    _, ceiling = resource.getrlimit(which)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _keep_signals_inside() -> None:
    """Let the process signal only itself and what it starts, where this kernel can do that."""
    attributes = struct.pack("=QQQ", 0, 0, LANDLOCK_SCOPE_SIGNAL)
    size = ctypes.c_size_t(len(attributes))
    ruleset = _libc.syscall(ctypes.c_long(LANDLOCK_CREATE_RULESET), attributes, size, 0)
    if ruleset < 0:  # before Linux 6.12
        return
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _libc.syscall(ctypes.c_long(LANDLOCK_RESTRICT_SELF), ctypes.c_int(ruleset), 0)
    os.close(ruleset)


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of <linux/filter.h>."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def _install_filter(program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if not prctl(PR_SET_NO_NEW_PRIVS, 1):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS failed")
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system call filter was refused")
