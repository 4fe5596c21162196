"""The queue: order, cancel, faults, end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import jobs as jobs_module
from orps_lsp.lsp.jobs import Job, JobNotFound, Jobs, JobState, Work
from orps_lsp.search.types import Progress

WORK = Work("file:///a.py", Path("a.py"), "def f(): pass", "f", "digest", None)


class Search:
    """A search that ends when the test says so. ``stubborn`` ones ignore the stop signal."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.started: list[Job] = []
        self.seen: list[tuple[int, JobState]] = []
        self.ends: dict[int, asyncio.Future[Any]] = {}
        self.stubborn = stubborn
        self.jobs = Jobs(self.run, lambda job: self.seen.append((job.id, job.state)))

    async def run(self, job: Job, listen: Callable[[Progress], None]) -> Any:
        self.started.append(job)
        self.ends[job.id] = end = asyncio.get_running_loop().create_future()
        listen(Progress("round 1"))
        if self.stubborn:
            return await end
        stop = asyncio.ensure_future(job.stop.wait())
        await asyncio.wait({end, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        return end.result() if end.done() else "stopped"

    def submit(self, name: str) -> Job:
        return self.jobs.submit(replace(WORK, qualname=name))


async def until(condition: Callable[[], Any]) -> None:
    async def poll() -> None:
        while not condition():  # noqa: ASYNC110  it is the loop's own turns that are awaited
            await asyncio.sleep(0)

    await asyncio.wait_for(poll(), 10)


async def test_one_runs_and_the_others_wait_their_turn() -> None:
    search = Search()
    first, second, third = map(search.submit, "abc")
    assert [search.jobs.position(job) for job in (first, second, third)] == [0, 1, 2]
    await until(lambda: search.started == [first])
    search.ends[first.id].set_result("found")
    await until(lambda: search.started == [first, second])
    assert (first.state, first.outcome) == (JobState.DONE, "found")
    assert first.progress is None and not first.work.text  # both hold the whole file
    assert [search.jobs.position(job) for job in (first, second, third)] == [0, 0, 1]
    await search.jobs.close()


async def test_the_same_work_is_not_queued_twice() -> None:
    search = Search()
    job = search.submit("a")
    assert search.jobs.submit(replace(job.work, text="elsewhere changed")) is job
    assert search.jobs.submit(replace(job.work, digest="function changed")) is not job
    search.jobs.cancel(job.id)
    assert search.submit("a") is not job  # that one is on its way out
    await search.jobs.close()


async def test_a_fault_ends_its_job_only() -> None:
    search = Search()
    jobs = [search.submit(name) for name in "abc"]
    for job, fault in zip(jobs, (OrpsError("no model"), ZeroDivisionError()), strict=False):
        await until(lambda job=job: job.id in search.ends)
        search.ends[job.id].set_exception(fault)
    await until(lambda: jobs[2].id in search.ends)
    assert [job.state for job in jobs] == [JobState.FAILED, JobState.FAILED, JobState.RUNNING]
    assert str(jobs[0].error) == "no model"
    await search.jobs.close()


async def test_a_listener_that_fails_stops_nothing() -> None:
    def broken(job: Job) -> None:
        raise RuntimeError("cannot be shown")

    async def run(job: Job, listen: Callable[[Progress], None]) -> Any:
        listen(Progress("round 1"))
        return "found"

    jobs = Jobs(run, broken)
    first, second = jobs.submit(WORK), jobs.submit(replace(WORK, qualname="g"))
    await until(lambda: not first.active and not second.active)
    assert first.outcome == second.outcome == "found"


async def test_cancel_ends_the_waiting_and_stops_the_running() -> None:
    search = Search()
    running, waiting = map(search.submit, "ab")
    await until(lambda: search.started)
    assert search.jobs.cancel() == [waiting, running]
    assert waiting.state is JobState.CANCELLED
    await until(lambda: not running.active)
    assert running.outcome == "stopped" and search.started == [running]
    assert search.jobs.cancel(running.id) == []
    with pytest.raises(JobNotFound, match="no job 99"):
        search.jobs.cancel(99)


async def test_a_search_that_does_not_stop_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "GRACE_SECONDS", 0.0)
    search = Search(stubborn=True)
    job, after = map(search.submit, "ab")
    await until(lambda: search.started)
    search.jobs.cancel(job.id)
    await until(lambda: after.id in search.ends)
    assert job.state is JobState.CANCELLED
    await search.jobs.close()
    assert after.state is JobState.CANCELLED


async def test_close_leaves_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "GRACE_SECONDS", 0.0)
    search = Search(stubborn=True)
    jobs = [search.submit(name) for name in "ab"]
    await until(lambda: search.started)
    await search.jobs.close()
    await search.jobs.close()
    assert not any(job.active for job in jobs)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_old_jobs_are_forgotten_but_never_active_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "KEPT", 2)
    search = Search()
    names = iter("abcdefgh")
    running = search.submit(next(names))
    for _ in range(4):
        search.jobs.cancel(search.submit(next(names)).id)
    assert len(list(search.jobs)) == 2 and running in list(search.jobs)
    with pytest.raises(JobNotFound):
        search.jobs.get(2)
    await search.jobs.close()


async def test_listeners_see_every_step() -> None:
    search = Search()
    job = search.submit("a")
    await until(lambda: search.ends)
    search.ends[job.id].set_result("found")
    await until(lambda: not job.active)
    running = JobState.RUNNING
    assert search.seen == [(1, running), (1, running), (1, JobState.DONE)]
