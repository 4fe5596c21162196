"""Compiler of seccomp filters: which system calls a program may make (seccomp(2), BPF).

A filter is a list of rules, each for one system call and each ending in a verdict, so that a jump
never leaves its rule. Arguments are compared by their low 32 bits, which is what the kernel uses of
the ones looked at here (``int``, ``unsigned int``, and the flags of ``clone``).
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable

from orps_lsp.evaluation.sandbox import syscalls

# Instructions: linux/bpf_common.h
_LOAD = 0x20  # A = word at offset k of struct seccomp_data
_AND = 0x54  # A &= k
_IF_EQUAL = 0x15
_IF_AT_LEAST = 0x35
_RETURN = 0x06

# Verdicts: linux/seccomp.h
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL_PROCESS = 0x80000000

# struct seccomp_data
_NUMBER = 0
_ARCHITECTURE = 4
_ARGUMENTS = 16

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_X32_BIT = 0x40000000

_AF_UNIX = 1
_SOCK_STREAM, _SOCK_SEQPACKET, _SOCK_TYPE_MASK = 1, 5, 0xF
_CLONE_THREAD = 0x00010000
_CLONE_NEW_NAMESPACES = 0x7E020000  # NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET

# ioctl requests that type into a terminal, send signals, or change a file opened for reading:
# TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY
_IOCTL_REFUSED = (0x5412, 0x541C, 0x8901, 0x8902, 0x40086602, 0x401C5820, 0x40806685)
_FCNTL_REFUSED = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals by another name

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k
_Rules = list[_Instruction]


def supported(machine: str | None = None) -> bool:
    """Whether filters can be compiled for this machine, or the one named."""
    return (machine or platform.machine()) in _AUDIT_ARCH


def base_filter(*, freeze_metadata: bool, machine: str | None = None) -> bytes:
    """Compile what holds for everything in a sandbox, our own worker included.

    Threads, ``socketpair`` (event loops wake themselves with one), fork and exec still work.
    With ``freeze_metadata`` calls such as chmod and utime do nothing, successfully: for a sandbox
    that cannot keep them from the user's files, and whose programs should still be able to copy
    files with their modes in their scratch.
    """
    machine = machine or platform.machine()
    rules: _Rules = []
    for group in (
        syscalls.SOCKETS,
        syscalls.OTHER_PROCESSES,
        syscalls.SHARED_MEMORY,
        syscalls.KEYS,
        syscalls.ATTACK_SURFACE,
        syscalls.MOUNTS,
        syscalls.ADMINISTRATION,
    ):
        rules += _refuse(group, errno.EPERM, machine)
    if freeze_metadata:
        rules += _refuse(syscalls.FILE_METADATA, 0, machine)
        # Nobody could open a closed directory again to remove what is in it.
        for name, mode in (("mkdir", 1), ("mkdirat", 2)):
            owner_may = _unless(mode, (0o700,), errno.EPERM, mask=0o700)
            rules += _rule(name, owner_may, machine)
        rules += _rule("umask", _unless(0, (0,), errno.EPERM, mask=0o700), machine)
    # A datagram pair could send to any socket by name; a stream stays connected to its peer.
    rules += _rule(
        "socketpair",
        [
            *_unless(0, (_AF_UNIX,), errno.EPERM),
            *_unless(1, (_SOCK_STREAM, _SOCK_SEQPACKET), errno.EPERM, mask=_SOCK_TYPE_MASK),
        ],
        machine,
    )
    rules += _rule("prlimit64", _unless(0, (0,), errno.EPERM), machine)
    rules += _rule("ioctl", _when(1, _IOCTL_REFUSED, errno.EPERM), machine)
    rules += _rule("fcntl", _when(1, _FCNTL_REFUSED, errno.EPERM), machine)
    rules += _rule("clone", _unless(0, (0,), errno.EPERM, mask=_CLONE_NEW_NAMESPACES), machine)
    # Its flags lie in memory, which a filter cannot read; libc then falls back to clone.
    rules += _refuse(("clone3",), errno.ENOSYS, machine)
    return _program(rules, machine)


def child_filter(*, processes: bool, signals: bool, machine: str | None = None) -> bytes:
    """Compile what is added for hostile code: no new processes or programs, no signals."""
    machine = machine or platform.machine()
    rules: _Rules = []
    if not processes:
        rules += _refuse(("fork", "vfork", *syscalls.NEW_PROGRAMS), errno.EPERM, machine)
        only_threads = _unless(0, (_CLONE_THREAD,), errno.EPERM, mask=_CLONE_THREAD)
        rules += _rule("clone", only_threads, machine)
        rules += _refuse(("clone3",), errno.ENOSYS, machine)
    # The kernel shares time out among sessions first: with one each, the processes of a fork bomb
    # would leave none for who ends them. Programs that want a session go on without one.
    rules += _refuse(("setsid",), 0, machine)
    # Libraries that would like one fall back to a file where there is no such call.
    rules += _refuse(syscalls.MEMORY_FILES, errno.ENOSYS, machine)
    if not signals:
        rules += _refuse(syscalls.SIGNALS, errno.EPERM, machine)
    return _program(rules, machine)


def _program(rules: _Rules, machine: str) -> bytes:
    """Put the checks before ``rules`` that every filter needs, and pack it all."""
    instructions: _Rules = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        instructions += [(_IF_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    instructions += [
        (_IF_AT_LEAST, 0, 1, syscalls.NEWEST + 1),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        *rules,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _refuse(names: Iterable[str], error: int, machine: str) -> _Rules:
    """Rules by which ``names`` fail with ``error``; with 0 they return 0 and do nothing."""
    rules: _Rules = []
    for name in names:
        rules += _rule(name, [(_RETURN, 0, 0, _ERRNO | error)], machine)
    return rules


def _rule(name: str, body: _Rules, machine: str) -> _Rules:
    """Run ``body`` for the call ``name``; what it does not refuse is allowed."""
    number = syscalls.number(name, machine)
    if number is None:
        return []
    body = [*body, (_RETURN, 0, 0, _ALLOW)]
    return [(_IF_EQUAL, 0, len(body), number), *body]


def _unless(argument: int, values: tuple[int, ...], error: int, mask: int = 0xFFFFFFFF) -> _Rules:
    """Refuse the call unless ``argument & mask`` is one of ``values``."""
    tests = [(_IF_EQUAL, len(values) - position, 0, value) for position, value in enumerate(values)]
    return [*_argument(argument, mask), *tests, (_RETURN, 0, 0, _ERRNO | error)]


def _when(argument: int, values: tuple[int, ...], error: int) -> _Rules:
    """Refuse the call when ``argument`` is one of ``values``."""
    last = len(values) - 1
    tests = [
        (_IF_EQUAL, last - position, 1 if position == last else 0, value)
        for position, value in enumerate(values)
    ]
    return [*_argument(argument), *tests, (_RETURN, 0, 0, _ERRNO | error)]


def _argument(index: int, mask: int = 0xFFFFFFFF) -> _Rules:
    """Load the low half of an argument; both machines are little-endian."""
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * index), (_AND, 0, 0, mask)]
