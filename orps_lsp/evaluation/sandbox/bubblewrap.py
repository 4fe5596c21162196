"""bubblewrap: the program gets namespaces of its own, and sees a read-only system in them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import process, seccomp, system
from orps_lsp.evaluation.sandbox.paths import closure, inside, needed
from orps_lsp.evaluation.sandbox.protocol import Policy, SandboxedProcess

# Names inside of the sandbox: what lies there outside is hidden.
_TMP = Path("/tmp")
_SHARED_MEMORY = "/dev/shm"

_NAMESPACES = (
    *("--unshare-all", "--unshare-user", "--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session"),
)
# bubblewrap has no options for limits.
_WITH_LIMITS = 'ulimit -c {RLIMIT_CORE}; ulimit -n {RLIMIT_NOFILE}; exec "$@"'
_START_SECONDS = 10.0
_END_SECONDS = 5.0


class Bubblewrap:
    """Runs programs with ``bwrap``."""

    name = "bubblewrap"
    replaces = True

    def __init__(self, executable: str, *, sized: bool) -> None:
        self._executable = executable
        self._sized = sized  # whether this version can limit a tmpfs (0.7 and later)

    @classmethod
    async def find(cls) -> Bubblewrap:
        """Find ``bwrap``.

        Raises:
            SandboxUnavailable: it is not installed, or does not run.
        """
        executable = shutil.which("bwrap")
        if executable is None:
            raise SandboxUnavailable(
                "bubblewrap is not installed.", "Its package is called 'bubblewrap'."
            )
        try:
            asked = await asyncio.create_subprocess_exec(
                executable, "--help", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise SandboxUnavailable(f"bubblewrap does not run: {error}.") from error
        output, errors = await asked.communicate()
        return cls(executable, sized=b"--size" in output + errors)

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        base = seccomp.base_filter(freeze_metadata=False) if seccomp.supported() else None
        with ExitStack() as inherited:
            arguments = self._arguments(needed(argv, policy), policy)
            readable, written = os.pipe()
            information = os.fdopen(readable, "rb", buffering=0)
            inherited.callback(os.close, written)
            descriptors = [written]
            arguments += ["--info-fd", str(written)]
            if base is not None:
                descriptors.append(inherited.enter_context(process.memory_file(base)))
                arguments += ["--seccomp", str(descriptors[-1])]
            # Not on the command line, which everybody on this machine may read.
            packed = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
            descriptors.append(inherited.enter_context(process.memory_file(packed)))
            limits = _WITH_LIMITS.format(**process.LIMITS)
            command = ("/bin/sh", "-c", limits, "sh", self._executable)
            init = _Init()
            try:
                child = await process.start(
                    (*command, "--args", str(descriptors[-1]), "--", *argv),
                    end=init.kill,
                    clean=init.bury,
                    environment={},
                    pass_fds=descriptors,
                )
            except BaseException:
                information.close()
                raise
        try:
            await asyncio.wait_for(init.learn(information), _START_SECONDS)
        except BaseException as error:
            await child.kill()
            if isinstance(error, (ValueError, asyncio.TimeoutError)):
                said = child.stderr_tail().strip() or "it gives no reason"
                raise SandboxUnavailable(f"bubblewrap could not start: {said}.") from error
            raise
        return child

    def child_filter(self, allow_processes: bool) -> bytes | None:
        if not seccomp.supported():
            return None
        return seccomp.child_filter(processes=allow_processes, signals=allow_processes)

    def _arguments(self, required: Sequence[Path], policy: Policy) -> list[str]:
        """The options. What is not named is not there; all but the scratch ends up read-only.

        That holds for the empty directories above the program's files, too: otherwise a program
        could move one away and put another in its place.
        """
        shown = closure([*map(Path, system.DIRECTORIES), *required])
        hidden = system.secrets(closure(required).real)
        links = {link: to for link, to in shown.links.items() if not inside(link, shown.real)}
        taken = any(inside(path, [_TMP]) for path in (*shown.real, *links))
        scratch = _TMP / "orps-lsp" if taken else _TMP
        size = ["--size", str(policy.scratch_bytes)] if self._sized else []

        # Root must not look like root inside; the right to its own files stays.
        arguments = [*_NAMESPACES, "--uid", str(os.getuid() or 1000)]
        arguments += ["--gid", str(os.getgid() or 1000)]
        for path in shown.real:
            arguments += ["--ro-bind", str(path), str(path)]
        # From the outside in, so that one can lie in another.
        for path, source in sorted(policy.replaced.items()):
            arguments += ["--ro-bind", str(source), str(path)]
        for path in hidden:
            arguments += _cover(path)
        for link, target in links.items():
            arguments += ["--symlink", target, str(link)]
        arguments += ["--dev", "/dev", *size, "--tmpfs", _SHARED_MEMORY, "--remount-ro", "/dev"]
        # Read-only, or a program could write the memory of another through it.
        arguments += ["--proc", "/proc", "--remount-ro", "/proc"]
        arguments += [*size, "--tmpfs", str(scratch), "--remount-ro", "/", "--clearenv"]
        places = {"HOME": str(scratch / "home"), "TMPDIR": str(scratch / "tmp")}
        for place in places.values():
            arguments += ["--dir", place]
        writable = {"SCRATCH": f"{scratch}:{_SHARED_MEMORY}"}
        for name, value in {**policy.environment, **places, **writable}.items():
            arguments += ["--setenv", name, value]
        return [*arguments, "--chdir", str(policy.cwd)]


def _cover(path: Path) -> list[str]:
    if path.is_dir():
        return ["--tmpfs", str(path), "--remount-ro", str(path)]
    return ["--ro-bind", "/dev/null", str(path)]


class _Init:
    """The first process of a sandbox: the kernel ends all the others with it."""

    def __init__(self) -> None:
        self._pidfd: int | None = None

    async def learn(self, information: FileIO) -> None:
        """Read from bubblewrap which process it is; closes the pipe.

        Raises:
            ValueError: bubblewrap did not say, because it failed.
        """
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), information
        )
        try:
            pid = json.loads(await reader.read())["child-pid"]
        finally:
            transport.close()
        # Without (old kernels), or if it is gone already, bubblewrap itself is killed.
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(pid)

    def kill(self, transport: asyncio.SubprocessTransport) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                # What it started may still wait for it; that is in its group until it gets on.
                os.killpg(transport.get_pid(), signal.SIGKILL)

    async def bury(self) -> None:
        """Wait until it is dead: it is the last of its sandbox, and may outlive bubblewrap."""
        if self._pidfd is None:
            return
        pidfd, self._pidfd = self._pidfd, None
        loop = asyncio.get_running_loop()
        dead = asyncio.Event()
        loop.add_reader(pidfd, dead.set)
        try:
            await asyncio.wait_for(dead.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            pass  # stuck in the kernel; it dies when it comes back
        finally:
            loop.remove_reader(pidfd)
            os.close(pidfd)
