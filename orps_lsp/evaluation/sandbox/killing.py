"""Ending programs where no sandbox keeps account of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import psutil


def kill_tree(transport: asyncio.SubprocessTransport) -> None:
    """Kill what descends from the process, and what is left of its group."""
    pid = transport.get_pid()
    with contextlib.suppress(psutil.NoSuchProcess):
        for descendant in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                descendant.kill()
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(pid, signal.SIGKILL)
        transport.kill()
