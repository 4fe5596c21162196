"""Run a program under Landlock and seccomp, and end all that it leaves behind.

Started by path (``python -I -S launch.py FD``), so that it needs nothing but the standard library;
FD holds a :class:`Specification` as JSON. This process stays outside as the supervisor: every
descendant of the program that loses its parent becomes its child. When the program ends, or when
the other end of the lifeline closes because the owner wants so or is dead, it ends them all,
removes the scratch directory and exits with the program's status.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import NoReturn, TypedDict

# linux/prctl.h, linux/seccomp.h, linux/capability.h
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64

# linux/landlock.h; the calls have the same numbers on every machine
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ALL_FS = {3: (1 << 15) - 1, 5: (1 << 16) - 1}  # ABI that added rights: all rights since
_ALL_NET, _ALL_NET_ABI = 0b11, 4  # TCP: bind, connect
_ALL_SCOPES, SCOPES_ABI = 0b11, 6  # abstract sockets and signals end at the sandbox's edge
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

# Before version 3 a file that may only be read could be emptied (O_RDONLY | O_TRUNC).
MINIMUM_ABI = 3

_SETUP_FAILED = 126


class Specification(TypedDict):
    """What to run and how. Paths that do not exist are left out."""

    argv: list[str]
    cwd: str
    environment: dict[str, str]
    readable: list[str]
    devices: list[str]  # read and written
    scratch: str
    filter: str  # seccomp program, base64
    limits: dict[str, int]  # RLIMIT_...: value
    lifeline: int  # descriptor that reads end of file when all is to end


def landlock_abi() -> int:
    """Return the version of Landlock in this kernel, 0 if it has none."""
    try:
        size, flags = ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_CREATE_RULESET_VERSION)
        return _syscall(_LANDLOCK_CREATE_RULESET, None, size, flags)
    except OSError:
        return 0


def remove_tree(path: str) -> None:
    """Remove a directory that a hostile program could write: closed, deep, or huge."""
    if not Path(path).exists():
        return
    if os.name != "posix":
        shutil.rmtree(path, ignore_errors=True)
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        # Found through PATH on purpose: not every system has them in /bin.
        subprocess.run([*command, "--", path], stderr=subprocess.DEVNULL, check=False)


def main() -> int:
    with os.fdopen(int(sys.argv[1])) as file:
        specification: Specification = json.load(file)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the lifeline ends a supervisor
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wakeup = _wake_on_children()
    os.set_inheritable(specification["lifeline"], False)
    supervisor = os.getpid()
    try:
        program = os.fork()
        if program == 0:
            _become(specification, supervisor)
        _let_go_of_pipes()
        status = _supervise(program, specification["lifeline"], wakeup)
    finally:
        _end_descendants(wakeup)
        remove_tree(specification["scratch"])
    return 128 - status if status < 0 else status


# --- The program's side of the fork


def _become(specification: Specification, supervisor: int) -> NoReturn:
    """Give up every right that the program shall not have, and turn into it."""
    try:
        os.setsid()
        _drop_capabilities()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(_SETUP_FAILED)
        _restore_signals()
        os.chdir(specification["cwd"])
        _limit(specification["limits"])
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _restrict_files(specification)
        _filter_calls(base64.b64decode(specification["filter"]))
        argv, environment = specification["argv"], specification["environment"]
        os.execvpe(argv[0], argv, environment)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"The sandbox could not start the program: {error}\n".encode())
    finally:
        os._exit(_SETUP_FAILED)


def _drop_capabilities() -> None:
    """Take from root what makes it root; to anybody else this does nothing."""
    for capability in range(_MOST_CAPABILITIES):
        # Fails for those who are not root, and beyond the last one.
        with contextlib.suppress(OSError):
            _prctl(_PR_CAPBSET_DROP, capability)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8)
    _checked(_libc().capset(header, ctypes.create_string_buffer(24)))


def _restore_signals() -> None:
    """Undo what Python and the supervisor set; ignored signals would survive the exec."""
    signal.set_wakeup_fd(-1)
    names = ("SIGPIPE", "SIGXFSZ", "SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD")
    for name in names:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def _limit(limits: dict[str, int]) -> None:
    import resource  # not on Windows, where this module is imported but never run

    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _restrict_files(specification: Specification) -> None:
    """Leave only the specification's files, no TCP, and nobody outside to signal."""
    abi = landlock_abi()
    if abi < MINIMUM_ABI:
        raise OSError(f"Landlock {abi} is too old")
    rights = _ALL_FS[max(since for since in _ALL_FS if since <= abi)]
    net = _ALL_NET if abi >= _ALL_NET_ABI else 0
    scopes = _ALL_SCOPES if abi >= SCOPES_ABI else 0
    attributes = struct.pack("=QQQ", rights, net, scopes)
    # An older kernel refuses fields that it does not know.
    attributes = attributes[: 24 if scopes else 16 if net else 8]
    ruleset = _syscall(
        _LANDLOCK_CREATE_RULESET,
        ctypes.create_string_buffer(attributes, len(attributes)),
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint32(0),
    )
    for path in specification["readable"]:
        _allow(ruleset, path, _READ)
    for path in specification["devices"]:
        _allow(ruleset, path, _READ_FILE | _WRITE_FILE | _TRUNCATE)
    _allow(ruleset, specification["scratch"], rights & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV))
    _syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    if not Path(path).is_dir():
        rights &= _FILE_RIGHTS
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
    kind, flags = ctypes.c_int(_LANDLOCK_RULE_PATH_BENEATH), ctypes.c_uint32(0)
    _syscall(_LANDLOCK_ADD_RULE, ctypes.c_int(ruleset), kind, rule, flags)
    os.close(descriptor)


def _filter_calls(program: bytes) -> None:
    class SockFprog(ctypes.Structure):
        _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    instructions = ctypes.create_string_buffer(program, len(program))
    address = ctypes.cast(instructions, ctypes.c_void_p)
    filter_program = SockFprog(len(program) // 8, address)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filter_program))


# --- The supervisor's side


def _wake_on_children() -> int:
    """Return a descriptor that becomes readable when a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return readable


def _let_go_of_pipes() -> None:
    """Leave stdin and stdout to the program alone, so that its end is seen at once."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)


def _supervise(program: int, lifeline: int, wakeup: int) -> int:
    """Return the program's status when it ends, or the one of SIGKILL if all is to end."""
    poll = select.poll()
    poll.register(lifeline)
    poll.register(wakeup, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if lifeline in ready:
            return -signal.SIGKILL
        _drain(wakeup)
        while (ended := _reap()) is not None:
            if ended[0] == program:
                return ended[1]


def _reap() -> tuple[int, int] | None:
    """Return pid and status of a child that has ended, None if there is none now.

    Raises:
        ChildProcessError: there are no children at all.
    """
    pid, status = os.waitpid(-1, os.WNOHANG)
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def _end_descendants(wakeup: int) -> None:
    """Kill until no descendant is left. First stop them all, so that none can fork away."""
    poll = select.poll()
    poll.register(wakeup, select.POLLIN)
    stopped: set[int] = set()
    while fresh := _descendants() - stopped:
        _signal_all(fresh, signal.SIGSTOP)
        stopped |= fresh
    with contextlib.suppress(ChildProcessError):
        while True:
            _signal_all(_descendants(), signal.SIGKILL)
            while _reap() is not None:
                pass
            poll.poll(20)  # milliseconds
            _drain(wakeup)


def _signal_all(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _descendants() -> set[int]:
    """Return the processes below this one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # pid (name) state parent ...; the name may hold anything
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    pending = [os.getpid()]
    while pending:
        below = children.get(pending.pop(), [])
        found.update(below)
        pending += below
    return found


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


# --- The C library


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: object) -> int:
    return _checked(_libc().syscall(ctypes.c_long(number), *arguments))


def _prctl(option: int, *arguments: int) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    _checked(_libc().prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded)))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


if __name__ == "__main__":
    sys.exit(main())
