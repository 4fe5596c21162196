"""What every sandbox offers: start a program that sees little and can change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Policy:
    """What one program may see.

    ``readable`` lists files and directories that it needs beyond the system's own: interpreter
    prefixes, site-packages, the workspace, the program's file. Where one is or goes through a
    symbolic link, what that points at is readable too; links below them are not followed.
    ``replaced`` gives real paths other contents, inside: outside; a sandbox without mounts shows
    what is really there. ``environment`` is the whole environment; a sandbox adds HOME and TMPDIR
    (and bubblewrap PWD), which point into a private scratch directory of at most
    ``scratch_bytes``: all files together in bubblewrap, each file under Landlock. SCRATCH names,
    with ``:`` between, all directories that the program can write.
    """

    readable: tuple[Path, ...]
    cwd: Path
    environment: Mapping[str, str]
    scratch_bytes: int = 64 * 1024 * 1024
    replaced: Mapping[Path, Path] = field(default_factory=dict)


class SandboxedProcess(Protocol):
    """A running program and everything it started. Its owner ends it with :meth:`kill`."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader

    @property
    def pid(self) -> int:
        """The process that the sandbox started, as this machine numbers it."""
        ...

    def stderr_tail(self) -> str:
        """Return the end of what the program wrote to stderr so far."""
        ...

    async def wait(self) -> int:
        """Return the exit status; 128 + n if signal n ended the program."""
        ...

    async def kill(self) -> None:
        """End the program and every descendant, and remove its scratch. Safe to call twice."""
        ...


class Sandbox(Protocol):
    """A way to contain programs on this machine."""

    @property
    def name(self) -> str:
        """``bubblewrap``, ``landlock``, ``seatbelt`` or ``none``."""
        ...

    @property
    def replaces(self) -> bool:
        """Whether it can show other files in a path's place (``Policy.replaced``)."""
        ...

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        """Start ``argv`` with pipes for stdin and stdout; lines may have up to 64 MiB.

        Raises:
            SandboxUnavailable: the sandbox could not be set up.
        """
        ...

    def child_filter(self, allow_processes: bool) -> bytes | None:
        """Return the seccomp program (an array of ``struct sock_filter``) for hostile code.

        A process inside applies it to itself before it runs such code. It forbids to start
        processes (threads are fine) and to send signals; ``allow_processes`` lifts what the
        sandbox can do without. None where the machine has no such filter.
        """
        ...
