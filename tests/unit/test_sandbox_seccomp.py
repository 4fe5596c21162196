"""The filters' verdicts, read with a small interpreter of BPF: for both machines, on any."""

from __future__ import annotations

import errno
import struct

import pytest

from orps_lsp.evaluation.sandbox import seccomp, syscalls

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386 = 0x40000003
NEWUSER, THREAD, SIGCHLD = 0x10000000, 0x00010000, 17
UNIX, INET, STREAM, DATAGRAM, SEQPACKET = 1, 2, 1, 2, 5
CLOEXEC = 0o2000000


def verdict(program: bytes, data: bytes) -> str:
    """Run a seccomp program over a ``struct seccomp_data``."""
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, k = instructions[position]
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:
            accumulator &= k
        elif code in (0x15, 0x35):
            holds = accumulator == k if code == 0x15 else accumulator >= k
            position += if_true if holds else if_false
        elif code == 0x06:
            action, value = k & 0xFFFF0000, k & 0xFFFF
            if action == 0x00050000:
                return errno.errorcode[value] if value else "ignored"
            return {0x7FFF0000: "allowed", 0x80000000: "killed"}[action]
        else:
            raise AssertionError(f"instruction {code:#x}")


def call(machine: str, number: int, *arguments: int, architecture: int | None = None) -> bytes:
    words = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    return struct.pack("=iIQ6Q", number, architecture or ARCHITECTURES[machine], 0, *words)


BASE = [
    ("socket", (UNIX, STREAM), "EPERM"),
    ("socket", (INET, STREAM), "EPERM"),
    ("socketpair", (UNIX, STREAM | CLOEXEC), "allowed"),
    ("socketpair", (UNIX, SEQPACKET), "allowed"),
    ("socketpair", (UNIX, DATAGRAM | CLOEXEC), "EPERM"),
    ("socketpair", (30, STREAM), "EPERM"),  # AF_TIPC
    ("connect", (3,), "EPERM"),
    ("ptrace", (16, 1), "EPERM"),
    ("process_vm_writev", (1,), "EPERM"),
    ("keyctl", (), "EPERM"),
    ("bpf", (), "EPERM"),
    ("io_uring_setup", (), "EPERM"),
    ("mount", (), "EPERM"),
    ("unshare", (NEWUSER,), "EPERM"),
    ("setns", (), "EPERM"),
    ("shmget", (), "EPERM"),
    ("clone", (SIGCHLD,), "allowed"),
    ("clone", (NEWUSER | SIGCHLD,), "EPERM"),
    ("clone3", (), "ENOSYS"),
    ("execve", (), "allowed"),
    ("kill", (1, 9), "allowed"),
    ("prlimit64", (0, 7), "allowed"),
    ("prlimit64", (1, 7), "EPERM"),
    ("ioctl", (0, 0x5401), "allowed"),  # TCGETS
    ("ioctl", (0, 0x5412), "EPERM"),  # TIOCSTI
    ("ioctl", (0, 0xFFFFFFFF00005412), "EPERM"),  # the kernel sees the low half only
    ("ioctl", (0, 0x40806685), "EPERM"),  # FS_IOC_ENABLE_VERITY
    ("fcntl", (0, 2), "allowed"),  # F_SETFD
    ("fcntl", (0, 8), "EPERM"),  # F_SETOWN
    ("fchmod", (0, 0), "allowed"),
]


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(("name", "arguments", "expected"), BASE)
def test_base_filter(machine: str, name: str, arguments: tuple[int, ...], expected: str) -> None:
    program = seccomp.base_filter(freeze_metadata=False, machine=machine)
    number = syscalls.number(name, machine)
    assert number is not None
    assert verdict(program, call(machine, number, *arguments)) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("mkdirat", (0, 0, 0o777), "allowed"),
        ("mkdirat", (0, 0, 0o300), "EPERM"),
        ("umask", (0o077,), "allowed"),
        ("umask", (0o400,), "EPERM"),
    ],
)
def test_no_directory_can_be_closed_where_none_could_be_opened_again(
    machine: str, name: str, arguments: tuple[int, ...], expected: str
) -> None:
    program = seccomp.base_filter(freeze_metadata=True, machine=machine)
    number = syscalls.number(name, machine)
    assert number is not None
    assert verdict(program, call(machine, number, *arguments)) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_frozen_metadata_calls_do_nothing(machine: str) -> None:
    program = seccomp.base_filter(freeze_metadata=True, machine=machine)
    numbers = [syscalls.number(name, machine) for name in syscalls.FILE_METADATA]
    verdicts = {verdict(program, call(machine, number)) for number in numbers if number}
    assert verdicts == {"ignored"}


CHILD = [
    ("clone", (SIGCHLD,), False, False, "EPERM"),
    ("clone", (THREAD | 0x100,), False, False, "allowed"),
    ("clone", (SIGCHLD,), True, False, "allowed"),
    ("clone3", (), False, False, "ENOSYS"),
    ("execve", (), False, True, "EPERM"),
    ("execveat", (), False, True, "EPERM"),
    ("execve", (), True, True, "allowed"),
    ("kill", (1, 9), False, False, "EPERM"),
    ("tgkill", (1, 1, 9), True, False, "EPERM"),
    ("pidfd_send_signal", (), False, False, "EPERM"),
    ("memfd_create", (), True, True, "ENOSYS"),
    ("setsid", (), True, True, "ignored"),
    ("kill", (1, 9), True, True, "allowed"),
]


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(("name", "arguments", "processes", "signals", "expected"), CHILD)
def test_child_filter(
    machine: str,
    name: str,
    arguments: tuple[int, ...],
    processes: bool,
    signals: bool,
    expected: str,
) -> None:
    program = seccomp.child_filter(processes=processes, signals=signals, machine=machine)
    number = syscalls.number(name, machine)
    assert number is not None
    assert verdict(program, call(machine, number, *arguments)) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("kind", ["base", "child"])
def test_every_filter_refuses_other_tables_of_calls(machine: str, kind: str) -> None:
    program = (
        seccomp.base_filter(freeze_metadata=False, machine=machine)
        if kind == "base"
        else seccomp.child_filter(processes=True, signals=True, machine=machine)
    )
    assert verdict(program, call(machine, 1, architecture=I386)) == "killed"
    assert verdict(program, call(machine, 0x40000001)) == "ENOSYS"  # x32
    assert verdict(program, call(machine, 469)) == "ENOSYS"  # file_setattr: newer than the tables
    assert verdict(program, call(machine, 1)) == "allowed"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_no_call_has_two_names(machine: str) -> None:
    numbers = [number for name in syscalls._NUMBERS if (number := syscalls.number(name, machine))]
    assert len(numbers) == len(set(numbers))


def test_other_machines_have_no_filter() -> None:
    assert not seccomp.supported("riscv64")
    assert all(seccomp.supported(machine) for machine in ARCHITECTURES)
