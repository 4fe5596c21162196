"""A job in a process of its own: forked from the zygote, or under a fresh interpreter.

The fresh one is ``python __main__.py --job READ_FD WRITE_FD``; the first line that it reads is
``{"token", "scratch", "job"}``.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Callable

from . import confine
from .channel import Channel, Message

SOFTWARE_FAULT = 70  # EX_SOFTWARE of <sysexits.h>

Work = Callable[[Message, Channel], None]


class Child:
    """One job, as the zygote sees it."""

    def __init__(self, name: str, pid: int, read_fd: int, write_fd: int) -> None:
        self.name = name
        self.pid = pid
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.token = b""
        self.scratch = ""
        self.deadline: float | None = None
        self.used_ns: int | None = None  # CPU time when its last request came
        self.pending = bytearray()
        self.received = 0
        self.reason = ""  # why we ended it, if we did
        self.fault = ""  # what it took too much of


def start(name: str, job: Message, work: Work) -> Child:
    """Start ``job`` in a child; a fork calls ``work(job, channel)``."""
    from_child, to_zygote = os.pipe()
    from_zygote, to_child = os.pipe()
    token = os.urandom(16).hex()
    scratch = tempfile.mkdtemp(prefix="job-")
    if job.get("fresh"):
        pid = _start_fresh((from_zygote, to_zygote))
    else:
        pid = os.fork()
        if pid == 0:
            _run(work, job, Channel(from_zygote, to_zygote, token), scratch)
    os.close(to_zygote)
    os.close(from_zygote)
    if job.get("fresh"):
        start = {"token": token, "scratch": scratch, "job": job}
        # If it died already, that is reported when it is reaped.
        with contextlib.suppress(BrokenPipeError), open(to_child, "wb", closefd=False) as line:
            line.write((json.dumps(start) + "\n").encode())
    os.set_blocking(from_child, False)
    child = Child(name, pid, from_child, to_child)
    child.token, child.scratch = token.encode(), scratch
    return child


def _start_fresh(fds: tuple[int, int]) -> int:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    process = subprocess.Popen(
        [sys.executable, "-B", program, "--job", *map(str, fds)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=fds,
    )
    process.returncode = 0  # the zygote reaps it
    return process.pid


def run_fresh(read_fd: int, write_fd: int, work: Work) -> None:
    """Be the fresh child that :func:`start` started."""
    pending = b""
    while not pending.endswith(b"\n"):
        data = os.read(read_fd, 1 << 18)
        if not data:
            return
        pending += data
    start = json.loads(pending.decode())
    channel = Channel(read_fd, write_fd, start["token"])
    _run(work, start["job"], channel, start["scratch"])


def _run(work: Work, job: Message, channel: Channel, scratch: str) -> None:
    """Do the work and end the process, whatever happens, without the user's exit handlers."""
    status = SOFTWARE_FAULT
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        confine.detach(keep=channel.fds)
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        program = base64.b64decode(job["filter"]) if job.get("filter") else None
        confine.limit(job["limits"], program)
        work(job, channel)
        status = 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            channel.send({"broke": f"{type(error).__name__}: {error}"[:2000]})
    finally:
        os._exit(status)
