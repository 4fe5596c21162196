"""Landlock and seccomp: for machines where programs may not make namespaces of their own."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import launch, process, seccomp, system
from orps_lsp.evaluation.sandbox.paths import closure, needed
from orps_lsp.evaluation.sandbox.protocol import Policy, SandboxedProcess
from orps_lsp.evaluation.sandbox.scratch import Scratch, sweep

# Of /dev there is no more: /dev/shm holds what the user's other programs share, and Landlock
# cannot give a program one of its own. So named semaphores (multiprocessing.Lock) do not work.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
_KERNEL = ("/proc", "/dev/random", "/dev/urandom")


class Landlock:
    """Runs programs under a supervisor that restricts them with Landlock and seccomp."""

    name = "landlock"
    replaces = False

    def __init__(self) -> None:
        """Find what this kernel offers.

        Raises:
            SandboxUnavailable: it has no Landlock, or a too old one.
        """
        self._abi = launch.landlock_abi() if seccomp.supported() else 0
        if self._abi < launch.MINIMUM_ABI:
            raise SandboxUnavailable(
                "This kernel has no Landlock of version 3 or later, or this processor no filter.",
                "Linux 6.2 and later have it, on x86-64 and ARM64.",
            )
        sweep()

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        scratch = Scratch()
        lifeline, owner_end = os.pipe()
        try:
            with ExitStack() as inherited:
                inherited.callback(os.close, lifeline)
                specification = self._specification(argv, policy, scratch, lifeline)
                file = inherited.enter_context(
                    process.memory_file(json.dumps(specification).encode())
                )
                launcher = (sys.executable, "-I", "-S", launch.__file__, str(file))
                return await process.start(
                    launcher,
                    end=lambda _: os.close(owner_end),
                    clean=scratch.remove,
                    environment={"PATH": os.environ.get("PATH", os.defpath)},
                    pass_fds=(file, lifeline),
                )
        except BaseException:
            os.close(owner_end)
            await scratch.remove()
            raise

    def child_filter(self, allow_processes: bool) -> bytes:
        # Before version 6 a program could signal all of the user's processes.
        signals = allow_processes and self._abi >= launch.SCOPES_ABI
        return seccomp.child_filter(processes=allow_processes, signals=signals)

    def _specification(
        self, argv: Sequence[str], policy: Policy, scratch: Scratch, lifeline: int
    ) -> launch.Specification:
        required = closure(needed(argv, policy)).real
        readable = closure([*map(Path, system.DIRECTORIES), *required]).real
        hidden = system.secrets(required)
        public = [part for path in readable for part in system.without(path, hidden)]
        return {
            "argv": list(argv),
            "cwd": str(policy.cwd),
            "environment": {**policy.environment, **scratch.environment()},
            "readable": [*_KERNEL, *map(str, public)],
            "devices": list(_DEVICES),
            "scratch": str(scratch.path),
            "filter": base64.b64encode(seccomp.base_filter(freeze_metadata=True)).decode(),
            "limits": {**process.LIMITS, "RLIMIT_FSIZE": policy.scratch_bytes},
            "lifeline": lifeline,
        }
