"""What a child can be told to do, by the job's ``kind``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from . import child
from .channel import Channel, Message


def run(job: Message, inputs: Sequence[bytes], channel: Channel) -> None:
    """Do a job: ``tests`` or ``host``. A fresh interpreter loads only what its job needs."""
    if job["kind"] == "tests":
        from .suite import testing

        testing.run(job, channel)
    else:
        from .calls import host

        host.serve(job, inputs, channel)


def load() -> None:
    """Import what all jobs need: forks have it then."""
    for name in ("suite.testing", "calls.host"):
        importlib.import_module(f"{__package__}.{name}")


def main(read_fd: int, write_fd: int) -> None:
    """Do one job in this interpreter, which was started for it."""
    sys.argv = [""]
    child.run_fresh(read_fd, write_fd, lambda job, channel: run(job, (), channel))
