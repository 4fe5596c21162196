"""The parent's end of the worker: commands out, events in, one queue per child."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orps_lsp.evaluation.protocol import EvaluationError
from orps_lsp.evaluation.sandbox import Policy, Sandbox, SandboxedProcess

WORKER = Path(__file__).parent / "worker"
PRELOAD_SECONDS = 30.0
GRACE_SECONDS = 10.0  # the worker keeps the time limits itself; later than this, it is stuck

Event = Mapping[str, Any]


class WorkerDied(EvaluationError):
    """The worker's process ended, or no longer answers."""


class Forged(EvaluationError):
    """A child reports what no honest one does: the candidate in it speaks for it."""


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Read the fields of an event; raises :class:`Forged` where one is missing or of no use."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Forged(f"It forged reports of its evaluation ({error!r}).") from error


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended.

    By ``exit``, ``signal``, ``wall`` (time limit), ``excess`` (``fault`` says what it did too much
    of) or ``killed`` (by us).
    """

    reason: str
    status: int
    fault: str = ""


class Worker:
    """A running worker. :meth:`close` ends it and all its children."""

    def __init__(
        self, process: SandboxedProcess, on_kill: Callable[[], None] = lambda: None
    ) -> None:
        self._process = process
        self._on_kill = on_kill
        self._children: dict[str, asyncio.Queue[Event | End | None]] = {}
        self._replies: asyncio.Queue[Event | None] = asyncio.Queue()
        self._names = itertools.count(1)
        self._dead = False
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        sandbox: Sandbox,
        python: Path,
        policy: Policy,
        on_kill: Callable[[], None] = lambda: None,
    ) -> Worker:
        """Start the worker under the user's interpreter ``python``.

        ``on_kill`` hears of each child that was killed neither by the worker nor by a limit: by
        the kernel when memory was short, or by a person.
        """
        argv = [str(python), "-B", str(WORKER / "__main__.py")]
        return cls(await sandbox.spawn(argv, policy), on_kill)

    async def preload(self, modules: Iterable[str], workspace: Path) -> bool:
        """Import libraries for all later children.

        False if the worker must not be used after that: it loaded files of the workspace, or a
        library started threads.
        """
        self._command(op="preload", modules=list(modules), workspace=str(workspace))
        reply = await self._reply(PRELOAD_SECONDS)
        return not reply["tainted"]

    async def collect(self, job: Mapping[str, Any], wall: float) -> str:
        """Load the tests of ``job``, once for all later children, which then run these alone.

        Returns why that cannot be done, or an empty text. If it cannot, close the worker.
        """
        self._command(op="collect", job=job)
        reason: str = (await self._reply(wall))["refused"]
        return reason

    async def _reply(self, wall: float) -> Event:
        try:
            reply = await asyncio.wait_for(self._replies.get(), wall)
        except asyncio.TimeoutError:
            raise self._died("The worker did not answer.") from None
        if reply is None:
            raise self._died("The worker ended.")
        return reply

    def set_inputs(self, inputs: Iterable[bytes]) -> None:
        """Give the pickled calls that later hosts count by index."""
        self._command(op="inputs", inputs=[base64.b64encode(item).decode() for item in inputs])

    @contextlib.asynccontextmanager
    async def child(self, job: Mapping[str, Any], wall: float) -> AsyncIterator[Child]:
        """Fork a child for ``job`` and end it on leaving.

        It is gone then, except when an error (a cancellation) leaves: that does not wait for it.
        """
        name = str(next(self._names))
        events: asyncio.Queue[Event | End | None] = asyncio.Queue()
        self._children[name] = events
        child = Child(self, name, events, wall)
        try:
            self._command(op="spawn", child=name, job=job, wall=wall)
            yield child
            if child.end is None:
                self._command(op="kill", child=name)
                await child.drain()
        finally:
            del self._children[name]
            if child.end is None and not self._dead:
                with contextlib.suppress(WorkerDied):
                    self._command(op="kill", child=name)

    def request(self, child: str, request: Mapping[str, Any], wall: float) -> None:
        self._command(op="request", child=child, request=request, wall=wall)

    async def close(self) -> None:
        """End the worker. Safe to call twice."""
        self._dead = True
        try:
            await self._process.kill()
        finally:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    def _command(self, **command: Any) -> None:
        if self._dead:
            raise self._died("The worker ended.")
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _read(self) -> None:
        try:
            while line := await self._process.stdout.readline():
                self._dispatch(json.loads(line))
        except (ValueError, ConnectionError):
            pass  # a line that is too long, or none of ours: it cannot be trusted any more
        finally:
            self._dead = True
            for queue in self._children.values():
                queue.put_nowait(None)
            self._replies.put_nowait(None)

    def _dispatch(self, message: Event) -> None:
        if "child" not in message:
            self._replies.put_nowait(message)
            return
        queue = self._children.get(message["child"])
        if queue is None:
            return  # late news of a child that nobody waits for any more
        if "end" in message:
            if message["end"] == "signal" and message["status"] == signal.SIGKILL:
                self._on_kill()
            queue.put_nowait(End(message["end"], message["status"], message["fault"]))
        else:
            queue.put_nowait(message["event"])

    def _died(self, what: str) -> WorkerDied:
        detail = self._process.stderr_tail().strip()
        return WorkerDied(
            f"{what} Its last words: {detail[-600:]}" if detail else what,
            "Check that the project's interpreter starts, and that memory is left.",
        )


class Child:
    """One forked job. ``end`` is how it ended, None while it runs."""

    def __init__(
        self, worker: Worker, name: str, events: asyncio.Queue[Event | End | None], wall: float
    ) -> None:
        self._worker = worker
        self._name = name
        self._events = events
        self._wall = wall
        self.end: End | None = None

    def request(self, wall: float, **request: Any) -> None:
        """Ask a host for something; its answer comes as :meth:`events`."""
        self._wall = wall
        self._worker.request(self._name, request, wall)

    async def events(self) -> AsyncIterator[Event]:
        """Yield events up to the one that bears "done", or to the child's end.

        Raises:
            WorkerDied: the whole worker is gone.
        """
        deadline = asyncio.get_running_loop().time() + self._wall + GRACE_SECONDS
        while self.end is None:
            left = deadline - asyncio.get_running_loop().time()
            try:
                event = await asyncio.wait_for(self._events.get(), max(0.0, left))
            except asyncio.TimeoutError:
                raise self._worker._died("The worker did not answer.") from None
            if event is None:
                raise self._worker._died("The worker ended.")
            if isinstance(event, End):
                self.end = event
                return
            yield event
            if event.get("done"):
                return

    async def drain(self) -> None:
        """Wait for the end of a child that was told to end."""
        self._wall = 0.0
        while self.end is None:
            async for _ in self.events():
                pass

    async def answer(self) -> Event:
        """Return all fields of the events up to "done", or to the child's end, as one."""
        fields: dict[str, Any] = {}
        async for event in self.events():
            fields.update(event)
        return fields
