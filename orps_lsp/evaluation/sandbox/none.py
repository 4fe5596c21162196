"""No sandbox at all: what a user gets who asks for it in their own settings."""

from __future__ import annotations

from collections.abc import Sequence

from orps_lsp.evaluation.sandbox import process
from orps_lsp.evaluation.sandbox.killing import kill_tree
from orps_lsp.evaluation.sandbox.protocol import Policy, SandboxedProcess
from orps_lsp.evaluation.sandbox.scratch import Scratch, sweep


class Unsandboxed:
    """Runs programs with all of the user's rights; only environment and scratch are theirs."""

    name = "none"
    replaces = False

    def __init__(self) -> None:
        sweep()

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        scratch = Scratch()
        try:
            return await process.start(
                argv,
                end=kill_tree,
                clean=scratch.remove,
                environment={**policy.environment, **scratch.environment()},
                cwd=str(policy.cwd),
            )
        except BaseException:
            await scratch.remove()
            raise

    def child_filter(self, allow_processes: bool) -> None:
        return None
