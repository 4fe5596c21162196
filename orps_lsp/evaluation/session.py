"""One target's workers: what they are started with, their jobs, and their restarts."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from orps_lsp.evaluation.client import Worker, WorkerDied
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import surroundings
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.project.snapshot import Snapshot
from orps_lsp.evaluation.protocol import SandboxUnavailable, Target
from orps_lsp.evaluation.sandbox import Sandbox

COLLECT_SECONDS = 30.0
MAX_DEATHS = 3

Job = Mapping[str, Any]
T = TypeVar("T")


class Session:
    """Owns two workers. One that dies is started anew, with all that it had been given.

    The first, "the" worker, has only libraries loaded; the collector has the tests loaded as well.
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
        self.kills = 0  # children that somebody else killed: what they did is not known
        self.snapshot: Snapshot | None = None  # there from the first worker's start on
        self._worker: Worker | None = None
        self._collector: Worker | None = None
        self._collection: Job | None = None
        self._deaths = 0  # of the collector, one after the other
        self._closed = False
        self._contained = False  # whether the sandbox ever started here
        self._libraries: Sequence[str] = ()
        self._inputs: Sequence[bytes] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the workspace that the workers see, as sentences."""
        return self.snapshot.notes if self.snapshot is not None else ()

    async def remarks(self) -> tuple[str, ...]:
        """Say what changed in that workspace since the first worker started."""
        snapshot = self.snapshot
        if snapshot is None or not await asyncio.to_thread(snapshot.changed, self.target.file):
            return ()
        return ("Files of the workspace changed meanwhile, and candidates saw some of that.",)

    # The worker

    async def worker(self) -> Worker:
        """Return the worker; starts it if there is none."""
        if self._worker is None:
            self._worker = await self._start()
            if self._libraries:
                await self.preload(self._libraries)
            self._worker.set_inputs(self._inputs)
        return self._worker

    async def _start(self) -> Worker:
        if self._closed:
            raise RuntimeError("the evaluator is closed")
        if self.snapshot is None:
            self.snapshot = await Snapshot.take(self.target.workspace, copy=self.sandbox.replaces)
        replaced = self.snapshot.replaced
        policy = surroundings.policy(self.target.workspace, self.interpreter, replaced)
        try:
            worker = await Worker.start(
                self.sandbox, self.interpreter.path, policy, self._count_kill
            )
        except SandboxUnavailable as error:
            if not self._contained:
                raise
            raise WorkerDied(error.message, error.advice) from error  # it did start before
        self._contained = True
        return worker

    def _count_kill(self) -> None:
        self.kills += 1

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
        """Do ``work``, and again with a new worker if it dies: twice, then without libraries."""
        try:
            return await work()
        except WorkerDied:
            await self.stop()
        try:
            return await work()
        except WorkerDied:
            self._libraries = ()  # one of them may be what ended it
            await self.stop()
        return await work()

    # The collector

    def collect_with(self, job: Job) -> None:
        """Let the collector load the tests of ``job`` when it is next asked for."""
        self._collection = job
        self._deaths = 0

    async def collector(self) -> Worker | None:
        """Return the worker that has the tests loaded; None where that cannot be."""
        if self._collection is None:
            return None
        if self._collector is None:
            self._collector = worker = await self._start()
            wall = COLLECT_SECONDS + self.limits.test_timeout
            await worker.preload(self._libraries, self.target.workspace)
            if await worker.collect(self._collection, wall):
                await self.give_up_collector()
        return self._collector

    async def give_up_collector(self) -> None:
        """Run without a collector from now on."""
        self._collection = None
        await self._end_collector()

    async def collector_died(self) -> None:
        """Start another collector next time, unless they die one after the other."""
        self._deaths += 1
        if self._deaths >= MAX_DEATHS:
            self._collection = None
        await self._end_collector()

    def collector_worked(self) -> None:
        """Forget earlier deaths."""
        self._deaths = 0

    async def _end_collector(self) -> None:
        collector, self._collector = self._collector, None
        if collector is not None:
            await collector.close()

    async def stop(self) -> None:
        """End the workers; the next job starts new ones."""
        worker, self._worker = self._worker, None
        try:
            if worker is not None:
                await worker.close()
        finally:
            await self._end_collector()

    async def close(self) -> None:
        """End the worker and all that it started, for good. Safe to call twice."""
        self._closed = True
        try:
            await self.stop()
        finally:
            if self.snapshot is not None:
                await self.snapshot.remove()

    # Jobs

    def tests_job(
        self,
        source: str,
        wall: float,
        record: bool = False,
        files: Sequence[str] = (),
        ids: Sequence[str] = (),
        fresh: bool = False,
    ) -> Job:
        """Run tests with ``source`` as the target's module; without ``ids`` the whole suite.

        ``fresh`` under an interpreter started for it, with nothing loaded ahead.
        """
        return {
            **self._job("tests", source, math.ceil(wall)),
            "fresh": fresh,
            "record": record,
            "files": list(files),
            "ids": list(ids),
        }

    def collected_job(self, source: str, wall: float) -> Job:
        """Run what the collector has loaded, with ``source`` as the target's module."""
        return self._job("collected", source, math.ceil(wall))

    def host_job(self, source: str, module: str, path: Sequence[str]) -> Job:
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
            "limits": {
                "memory_bytes": self.limits.memory_bytes,
                "cpu_seconds": cpu_seconds,
                "processes": self.processes,
            },
            "filter": base64.b64encode(program).decode() if program else "",
        }
