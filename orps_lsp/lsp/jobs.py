"""The queue of searches: one runs, the others wait; whoever asks gets an answer at once.

Knows nothing of the protocol: what a job does is given as ``run``, and whoever wants to show jobs
listens.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from pathlib import Path

from orps_lsp.errors import OrpsError
from orps_lsp.search.types import Intent, Outcome, Progress, ProgressListener, Refinement

logger = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # a search ends itself within 1 s of its stop signal; then it is cancelled
KEPT = 100  # ended jobs remembered, the oldest forgotten first


class JobNotFound(OrpsError):
    """No job of that number, or nothing to cancel."""


class JobState(str, Enum):
    """A job's life; the last three are ends."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"  # before it had an outcome

    @property
    def ended(self) -> bool:
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Work:
    """What a search is asked to do. ``digest`` is of the function's text, ``text`` the file's."""

    uri: str
    file: Path
    text: str
    qualname: str
    digest: str
    intent: Intent | None  # None: inferred from the baseline

    def same(self, other: Work) -> bool:
        """Whether both ask for the same; edits elsewhere in the file make no difference."""
        return replace(self, text="") == replace(other, text="")


@dataclass(eq=False, slots=True)
class Job:
    """One search for one function, from request to outcome."""

    id: int
    work: Work
    state: JobState = JobState.WAITING
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress | None = None
    outcome: Outcome | None = None
    error: Exception | None = None
    ended_at: float | None = None  # seconds since the epoch
    restored: bool = False  # from an earlier session
    applied: bool = False  # by the user, who knows then why the function changed
    outdated_said: bool = False
    early: dict[int, Refinement] = field(default_factory=dict)  # by candidate: the best, as found

    @property
    def active(self) -> bool:
        return not self.state.ended

    @property
    def best(self) -> Refinement | None:
        """The best until now, while the search goes on; the best of all afterwards."""
        if self.outcome:
            return next(iter(self.outcome.refinements), None)
        return self.progress.best if self.progress else None


Runner = Callable[[Job, ProgressListener], Awaitable[Outcome]]
JobListener = Callable[[Job], None]


def slim(refinement: Refinement) -> Refinement:
    """Return a refinement without the whole file; an edit is made anew from the version's code."""
    return replace(refinement, candidate=replace(refinement.candidate, module=""))


class Jobs:
    """Owns every search's task.

    ``changed`` is called on the loop after each change of a job: its state, or its progress.
    """

    def __init__(self, run: Runner, changed: JobListener) -> None:
        self._run = run
        self._changed = changed
        self._jobs: dict[int, Job] = {}
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_id = 0
        self._closed = False

    def __iter__(self) -> Iterator[Job]:
        """All remembered jobs, the newest first."""
        return reversed(list(self._jobs.values()))

    def get(self, id: int) -> Job:
        """Return a job.

        Raises:
            JobNotFound: there is none, or it was forgotten.
        """
        try:
            return self._jobs[id]
        except KeyError:
            raise JobNotFound(f"There is no job {id}.", "It may have been forgotten.") from None

    def submit(self, work: Work) -> Job:
        """Queue a search. The same one, already waiting or running, is returned instead."""
        for job in self:
            if job.active and not job.stop.is_set() and job.work.same(work):
                return job
        self._last_id += 1
        job = Job(self._last_id, work)
        self._jobs[job.id] = job
        self._forget_old()
        self._waiting.append(job)
        self._advance()
        if job.state is JobState.WAITING:
            self._tell(job)
        return job

    @property
    def running(self) -> Job | None:
        return self._running

    @property
    def waiting(self) -> int:
        """How many searches wait for the running one."""
        return len(self._waiting)

    def restore(self, work: Work, outcome: Outcome, ended_at: float) -> Job:
        """Remember a search that ended in an earlier session."""
        self._last_id += 1
        job = Job(self._last_id, work, JobState.DONE, outcome=outcome, ended_at=ended_at)
        job.restored = True
        self._jobs[job.id] = job
        self._forget_old()
        return job

    def position(self, job: Job) -> int:
        """Return how many searches end before this one starts; 0 if it runs or has ended."""
        return self._waiting.index(job) + 1 if job in self._waiting else 0

    def cancel(self, id: int | None = None) -> list[Job]:
        """Cancel a job, or all. Returns those that were still going; a running one ends soon.

        Raises:
            JobNotFound: there is no such job.
        """
        chosen = [self.get(id)] if id is not None else list(self)
        active = [job for job in chosen if job.active]
        for job in active:
            job.stop.set()
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, JobState.CANCELLED)
            elif self._task is not None:
                asyncio.get_running_loop().call_later(GRACE_SECONDS, self._task.cancel)
        self._tell(*self._waiting)
        return active

    async def close(self) -> None:
        """End all jobs and wait for them, bounded. Safe to call twice."""
        self._closed = True
        self.cancel()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=GRACE_SECONDS)
            self._task.cancel()
            await asyncio.wait([self._task])

    def _advance(self) -> None:
        if self._running is not None or not self._waiting or self._closed:
            return
        self._running = self._waiting.pop(0)
        self._running.state = JobState.RUNNING
        self._task = asyncio.get_running_loop().create_task(self._work(self._running))
        self._tell(self._running, *self._waiting)

    async def _work(self, job: Job) -> None:
        state = JobState.FAILED
        try:
            job.outcome = await self._run(job, partial(self._progressed, job))
            state = JobState.DONE
        except asyncio.CancelledError:
            state = JobState.CANCELLED
            raise
        except OrpsError as error:
            job.error = error
        except Exception as error:
            logger.exception("Job %d failed.", job.id)
            job.error = error
        finally:
            self._running = None
            self._end(job, state)
            self._advance()

    def _progressed(self, job: Job, progress: Progress) -> None:
        job.progress = progress
        if progress.best:
            job.early[progress.best.candidate.id] = slim(progress.best)
        self._tell(job)

    def _end(self, job: Job, state: JobState) -> None:
        job.state = state
        job.ended_at = time.time()
        # The largest parts, and no longer needed: texts of the whole file, one for each version.
        job.work = replace(job.work, text="")
        job.progress = None
        self._tell(job)

    def _tell(self, *jobs: Job) -> None:
        for job in jobs:
            try:
                self._changed(job)
            except Exception:  # whoever shows jobs must not be able to stop them
                logger.exception("Job %d could not be shown.", job.id)

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state.ended]
        for id in ended[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[id]
