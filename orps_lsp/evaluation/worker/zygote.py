"""The zygote: takes commands, forks a child per job, forwards events, ends what runs too long.

Commands (one JSON object a line, from standard input):
    {"op": "spawn", "child": ID, "job": {...}, "wall": SECONDS}
    {"op": "request", "child": ID, "request": {...}, "wall": SECONDS}
    {"op": "kill", "child": ID}
    {"op": "preload", "modules": [NAME, ...], "workspace": PATH}
    {"op": "inputs", "inputs": [BASE64, ...]}     pickled calls that later hosts can be asked to run
Replies (to the descriptor that was standard output):
    {"child": ID, "event": {...}}                 what the child sent
    {"child": ID, "end": "exit" | "signal" | "wall" | "killed", "status": NUMBER}
    {"preloaded": NUMBER, "tainted": BOOLEAN}
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from typing import Any

from . import confine, modules
from .channel import Channel, Message

CHUNK = 1 << 18
MAX_CHILD_BYTES = 96 * 1024 * 1024  # all that one child may report
PRELOAD_SECONDS = 20.0


class Child:
    """One forked job, as the zygote sees it."""

    def __init__(
        self, name: str, pid: int, read_fd: int, write_fd: int, token: str, scratch: str
    ) -> None:
        self.name = name
        self.pid = pid
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.token = token.encode()
        self.scratch = scratch
        self.deadline: float | None = None
        self.pending = bytearray()
        self.received = 0
        self.reason = ""  # why we ended it, if we did


class Zygote:
    """See the module's description."""

    def __init__(self, commands_fd: int, replies_fd: int) -> None:
        self._commands_fd = commands_fd
        self._replies_fd = replies_fd
        self._children: dict[str, Child] = {}
        self._inputs: list[bytes] = []
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)

    def serve(self) -> None:
        """Run until the commands end; then end every child."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write)
        pending: list[bytes] = []
        while True:
            ready = self._wait()
            if self._wake_read in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, CHUNK)
            for child in list(self._children.values()):
                if child.read_fd in ready:
                    self._forward(child)
            self._reap()
            self._end_overdue()
            if self._commands_fd in ready:
                data = os.read(self._commands_fd, CHUNK)
                if not data:
                    break
                pending.append(data)
                if b"\n" in data:
                    *lines, rest = b"".join(pending).split(b"\n")
                    pending = [rest]
                    for line in lines:
                        self._obey(json.loads(line.decode()))
        for child in list(self._children.values()):
            self._end(child, "killed")

    def _wait(self) -> list[int]:
        fds = [self._commands_fd, self._wake_read]
        fds += [child.read_fd for child in self._children.values()]
        deadlines = [c.deadline for c in self._children.values() if c.deadline is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return select.select(fds, [], [], timeout)[0]

    def _obey(self, command: Message) -> None:
        operation = command["op"]
        if operation == "spawn":
            self._spawn(command["child"], command["job"], command["wall"])
        elif operation == "preload":
            self._reply(self._preload(command["modules"], command["workspace"]))
        elif operation == "inputs":
            self._inputs = [base64.b64decode(item) for item in command["inputs"]]
        else:
            child = self._children.get(command["child"])
            if child is None:
                return  # it ended before the command came; its end was reported
            if operation == "kill":
                self._end(child, "killed")
            elif operation == "request":
                self._request(child, command["request"], command["wall"])

    def _request(self, child: Child, request: Message, wall: float) -> None:
        child.deadline = time.monotonic() + wall
        # A dead child's end is reported when it is reaped.
        with contextlib.suppress(BrokenPipeError):
            os.write(child.write_fd, (json.dumps(request) + "\n").encode())

    def _spawn(self, name: str, job: Message, wall: float) -> None:
        from_child, to_zygote = os.pipe()
        from_zygote, to_child = os.pipe()
        token = os.urandom(16).hex()
        scratch = tempfile.mkdtemp(prefix="job-")
        gc.collect()
        gc.freeze()  # keeps collections in the child from copying our pages
        pid = os.fork()
        if pid == 0:
            self._become_child(job, Channel(from_zygote, to_zygote, token), scratch)
        os.close(to_zygote)
        os.close(from_zygote)
        os.set_blocking(from_child, False)
        child = Child(name, pid, from_child, to_child, token, scratch)
        child.deadline = time.monotonic() + wall
        self._children[name] = child

    def _become_child(self, job: Message, channel: Channel, scratch: str) -> None:
        """Run the job and end the process, whatever happens, without the user's exit handlers."""
        status = 70  # EX_SOFTWARE
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            confine.detach(keep=channel.fds)
            gc.enable()
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
            program = base64.b64decode(job["filter"]) if job.get("filter") else None
            confine.limit(job["limits"], program)
            if job["kind"] == "tests":
                from . import testing

                testing.run(job, channel)
            else:
                from . import host

                host.serve(job, self._inputs, channel)
            status = 0
        except BaseException as error:
            with contextlib.suppress(BaseException):
                channel.send({"broke": f"{type(error).__name__}: {error}"[:2000]})
        finally:
            os._exit(status)

    def _forward(self, child: Child) -> None:
        """Pass on complete lines that bear the child's token; what else came is not an event."""
        while True:
            try:
                data = os.read(child.read_fd, CHUNK)
            except BlockingIOError:
                return
            if not data:
                return
            child.received += len(data)
            if child.received > MAX_CHILD_BYTES:
                self._end(child, "killed")
                return
            child.pending += data
            if b"\n" not in data:
                continue
            *lines, child.pending = child.pending.split(b"\n")
            for line in lines:
                self._forward_line(child, line)

    def _forward_line(self, child: Child, line: bytearray) -> None:
        if not line.startswith(child.token):
            return
        try:
            event = json.loads(line[len(child.token) :].decode())
        except ValueError:
            return
        if isinstance(event, dict):
            if event.get("done"):
                child.deadline = None  # a host rests until its next request
            self._reply({"child": child.name, "event": event})

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if child.deadline is not None and child.deadline <= now:
                self._end(child, "wall")

    def _reap(self) -> None:
        for child in list(self._children.values()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._finish(child, status)

    def _end(self, child: Child, reason: str) -> None:
        child.reason = reason
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        self._finish(child, status)

    def _finish(self, child: Child, status: int) -> None:
        if child.name not in self._children:
            return
        del self._children[child.name]
        if not child.reason:
            self._forward(child)  # what it wrote just before it ended
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        self._end_orphans()
        os.close(child.read_fd)
        os.close(child.write_fd)
        shutil.rmtree(child.scratch, ignore_errors=True)
        signalled = os.WIFSIGNALED(status)
        number = os.WTERMSIG(status) if signalled else os.WEXITSTATUS(status)
        reason = child.reason or ("signal" if signalled else "exit")
        self._reply({"child": child.name, "end": reason, "status": number})

    def _end_orphans(self) -> None:
        """End what ended children left behind: as subreaper we became its parent."""
        while True:
            known = {child.pid for child in self._children.values()}
            orphans = [pid for pid in _children_of(os.getpid()) if pid not in known]
            if not orphans:
                return
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for pid in orphans:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _preload(self, names: list[str], workspace: str) -> Message:
        """Import what the baseline imported from outside the workspace: later forks have it."""

        def out_of_time(*_: Any) -> None:
            raise TimeoutError

        signal.signal(signal.SIGALRM, out_of_time)
        signal.setitimer(signal.ITIMER_REAL, PRELOAD_SECONDS)
        loaded = 0
        try:
            for name in names:
                try:
                    importlib.import_module(name)
                    loaded += 1
                except TimeoutError:
                    break
                except BaseException:
                    continue
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        # Threads would be missing in forks, and with them whatever lock they hold.
        tainted = bool(modules.inside(workspace)) or threading.active_count() > 1
        return {"preloaded": loaded, "tainted": tainted}

    def _reply(self, message: Message) -> None:
        data = (json.dumps(message) + "\n").encode()
        while data:
            data = data[os.write(self._replies_fd, data) :]


def _children_of(parent: int) -> list[int]:
    found = []
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []  # no Linux: the process group was all that could be ended
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


def main() -> None:
    """Move the conversation off descriptors 0 and 1, where a stray print would break it."""
    confine.guard_zygote()
    commands_fd = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 100)
    replies_fd = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    sys.argv = [""]
    gc.disable()
    Zygote(commands_fd, replies_fd).serve()
