"""The zygote: takes commands, starts a child per job, forwards events, ends what runs too long.

Commands (one JSON object a line, from standard input):
    {"op": "spawn", "child": ID, "job": {...}, "wall": SECONDS}
    {"op": "request", "child": ID, "request": {...}, "wall": SECONDS}
    {"op": "kill", "child": ID}
    {"op": "preload", "modules": [NAME, ...], "workspace": PATH}
    {"op": "collect", "job": {...}}               load the tests of a job; see ``collected``
    {"op": "inputs", "inputs": [BASE64, ...]}     pickled calls that later hosts can be asked to run
Replies (to the descriptor that was standard output):
    {"child": ID, "event": {...}}                 what the child sent
    {"child": ID, "end": "exit" | "signal" | "wall" | "killed" | "excess", "status": NUMBER,
     "fault": TEXT}                               what it took too much of
    {"preloaded": NUMBER, "tainted": BOOLEAN}
    {"collected": NUMBER, "refused": REASON}      empty: jobs "collected" can be spawned
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
import signal
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from . import confine, jobs, meter, processes
from .channel import Channel, Message
from .child import Child, start
from .loading import modules
from .places import Places, remove
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .suite.collected import Collected

CHUNK = 1 << 18
MAX_CHILD_BYTES = 96 * 1024 * 1024  # all that one child may report
PRELOAD_SECONDS = 20.0


class Zygote:
    """See the module's description."""

    def __init__(self, commands_fd: int, replies_fd: int) -> None:
        self._commands_fd = commands_fd
        self._replies_fd = replies_fd
        self._children: dict[str, Child] = {}
        self._inputs: list[bytes] = []
        self._collected: Collected | None = None
        self._places = Places.from_environment()
        self._watchdog = Watchdog(self._places)
        self._pending: list[bytes] = []
        self._lines: deque[bytes] = deque()
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)

    def serve(self) -> None:
        """Run until the commands end; then end every child."""
        self._serve()
        for child in list(self._children.values()):
            self._end(child, "killed")

    def _serve(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write)
        while True:
            while self._lines:
                self._obey(json.loads(self._lines.popleft().decode()))
            ready = self._wait()
            if self._wake_read in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, CHUNK)
            for child in list(self._children.values()):
                if child.read_fd in ready:
                    self._forward(child)
            self._reap()
            self._end_overdue()
            self._end_excessive()
            if self._commands_fd in ready:
                data = os.read(self._commands_fd, CHUNK)
                if not data:
                    break
                self._pending.append(data)
                if b"\n" in data:
                    *lines, rest = b"".join(self._pending).split(b"\n")
                    self._pending = [rest]
                    self._lines += lines

    def _wait(self) -> list[int]:
        fds = [self._commands_fd, self._wake_read]
        fds += [child.read_fd for child in self._children.values()]
        deadlines = [c.deadline for c in self._children.values() if c.deadline is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return select.select(fds, [], [], self._watchdog.timeout(timeout))[0]

    def _obey(self, command: Message) -> None:
        operation = command["op"]
        if operation == "spawn":
            self._spawn(command["child"], command["job"], command["wall"])
        elif operation == "collect":
            self._collect(command["job"])
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
        child.used_ns = meter.cpu_ns(child.pid)
        # A dead child's end is reported when it is reaped.
        with contextlib.suppress(BrokenPipeError):
            os.write(child.write_fd, (json.dumps(request) + "\n").encode())

    def _spawn(self, name: str, job: Message, wall: float) -> None:
        child = start(name, job, self._collected.run if self._collected else self._work)
        child.deadline = time.monotonic() + wall
        self._children[name] = child
        self._watchdog.watch(child.pid, job["limits"]["memory_bytes"])

    def _work(self, job: Message, channel: Channel) -> None:
        gc.enable()
        jobs.run(job, self._inputs, channel)

    def _collect(self, job: Message) -> None:
        """Load the tests, and go on serving from there: forks have them loaded."""
        from .suite import collected

        def serve(prepared: Collected) -> None:
            refused = prepared.refused or _tainted()
            self._reply({"collected": prepared.number, "refused": refused})
            if not refused:
                self._collected = prepared
                _settle()
                self._places.keep()
                self._serve()

        failure = collected.collect(job, serve)
        if self._collected is None and failure:
            self._reply({"collected": 0, "refused": failure})

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
                event["used_ns"] = meter.since(child.pid, child.used_ns)
            self._reply({"child": child.name, "event": event})

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if child.deadline is not None and child.deadline <= now:
                self._end(child, "wall")

    def _end_excessive(self) -> None:
        for pid, fault in self._watchdog.faults().items():
            for child in list(self._children.values()):
                if child.pid == pid:
                    self._watchdog.stop(pid)
                    child.fault = fault
                    self._end(child, "excess")

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
        processes.end_orphans({other.pid for other in self._children.values()})
        os.close(child.read_fd)
        os.close(child.write_fd)
        self._watchdog.forget(child.pid)
        remove(child.scratch)
        self._places.clean([other.scratch for other in self._children.values()])
        signalled = os.WIFSIGNALED(status)
        number = os.WTERMSIG(status) if signalled else os.WEXITSTATUS(status)
        reason = child.reason or ("signal" if signalled else "exit")
        end = {"end": reason, "status": number, "fault": child.fault}
        self._reply({"child": child.name, **end})

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
        _settle()
        self._places.keep()
        tainted = bool(modules.inside(workspace)) or bool(_tainted())
        return {"preloaded": loaded, "tainted": tainted}

    def _reply(self, message: Message) -> None:
        data = (json.dumps(message) + "\n").encode()
        while data:
            data = data[os.write(self._replies_fd, data) :]


def _tainted() -> str:
    # Threads would be missing in forks, and with them whatever lock they hold.
    return "something that it loads starts threads" if threading.active_count() > 1 else ""


def _settle() -> None:
    """Keep collections in children from copying our pages."""
    gc.collect()
    gc.freeze()


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
    jobs.load()
    Zygote(commands_fd, replies_fd).serve()
