"""No sandbox at all: what a user gets who asks for it in their own settings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

import psutil

from orps_lsp.evaluation.sandbox import process
from orps_lsp.evaluation.sandbox.protocol import Policy, SandboxedProcess
from orps_lsp.evaluation.sandbox.scratch import Scratch, sweep


class Unsandboxed:
    """Runs programs with all of the user's rights; only environment and scratch are theirs."""

    name = "none"

    def __init__(self) -> None:
        sweep()

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        scratch = Scratch()
        try:
            return await process.start(
                argv,
                end=_kill_tree,
                clean=scratch.remove,
                environment={**policy.environment, **scratch.environment()},
                cwd=str(policy.cwd),
            )
        except BaseException:
            await scratch.remove()
            raise

    def child_filter(self, allow_processes: bool) -> None:
        return None


def _kill_tree(transport: asyncio.SubprocessTransport) -> None:
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
