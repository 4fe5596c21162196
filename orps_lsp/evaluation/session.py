"""One target's worker: what it is started with, its jobs, and its restarts."""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from orps_lsp.evaluation.client import Worker, WorkerDied
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import surroundings
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.protocol import Target
from orps_lsp.evaluation.sandbox import Sandbox

T = TypeVar("T")


class Session:
    """Owns one worker. If that dies, it is started anew, with all that it had been given.

    ``processes`` says whether candidates may start processes: where the original's tests do.
    """

    def __init__(
        self, target: Target, interpreter: Interpreter, sandbox: Sandbox, limits: Limits
    ) -> None:
        self.target = target
        self.interpreter = interpreter
        self.sandbox = sandbox
        self.limits = limits
        self.processes = False
        self._worker: Worker | None = None
        self._closed = False
        self._libraries: Sequence[str] = ()
        self._inputs: Sequence[bytes] = ()

    # The worker

    async def worker(self) -> Worker:
        """Return the worker; starts it if there is none."""
        if self._worker is None:
            if self._closed:
                raise RuntimeError("the evaluator is closed")
            policy = surroundings.policy(self.target.workspace, self.interpreter)
            self._worker = await Worker.start(self.sandbox, self.interpreter.path, policy)
            if self._libraries:
                await self.preload(self._libraries)
            self._worker.set_inputs(self._inputs)
        return self._worker

    async def preload(self, libraries: Sequence[str]) -> None:
        """Import the project's libraries once; none of them, if that loads its own modules."""
        self._libraries = libraries
        worker = await self.worker()
        if not await worker.preload(libraries, self.target.workspace):
            self._libraries = ()
            await self.stop()
            await self.worker()

    async def set_inputs(self, inputs: Sequence[bytes]) -> None:
        """Give the pickled calls that hosts count by index."""
        self._inputs = inputs
        (await self.worker()).set_inputs(inputs)

    async def with_restart(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do ``work``, and once more with a new worker if the first one dies."""
        try:
            return await work()
        except WorkerDied:
            self._libraries = ()  # one of them may be what ended it
            await self.stop()
            return await work()

    async def stop(self) -> None:
        """End the worker; the next job starts a new one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    async def close(self) -> None:
        """End the worker and all that it started, for good. Safe to call twice."""
        self._closed = True
        await self.stop()

    # Jobs

    def tests_job(
        self,
        source: str,
        wall: float,
        record: bool = False,
        files: Sequence[str] = (),
        ids: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Run tests with ``source`` as the target's module; without ``ids`` the whole suite."""
        return {
            **self._job("tests", source, math.ceil(wall)),
            "record": record,
            "files": list(files),
            "ids": list(ids),
        }

    def host_job(self, source: str, module: str, path: Sequence[str]) -> dict[str, Any]:
        """Load ``source`` as ``module``, and call the function on request."""
        job = self._job("host", source, cpu_seconds=None)
        return {**job, "module": module, "path": list(path)}

    def _job(self, kind: str, source: str, cpu_seconds: int | None) -> dict[str, Any]:
        program = self.sandbox.child_filter(self.processes)
        return {
            "kind": kind,
            "workspace": str(self.target.workspace),
            "file": str(self.target.file),
            "text": source,
            "qualname": self.target.qualname,
            "limits": {"memory_bytes": self.limits.memory_bytes, "cpu_seconds": cpu_seconds},
            "filter": base64.b64encode(program).decode() if program else "",
        }
