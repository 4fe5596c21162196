"""Shows jobs to the client: progress, messages, refreshed code lenses, notifications."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from orps_lsp.lsp import words
from orps_lsp.lsp.jobs import Job, JobState
from orps_lsp.lsp.work_done import WorkDone
from orps_lsp.search.types import Progress, Refinement, StopReason

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

PROGRESS = "orps/progress"
FINISHED = "orps/finished"

_REPORT_SECONDS = 0.1  # between two reports of the same phase


class Presenter:
    """Follows every job from the queue to its end."""

    def __init__(self, server: OrpsServer) -> None:
        self._server = server
        self._views: dict[int, JobView] = {}

    def job_changed(self, job: Job) -> None:
        """Show what is new about a job."""
        view = self._views.get(job.id)
        if view is None:
            view = self._views[job.id] = JobView(self._server, job)
        if job.active:
            view.show()
            return
        del self._views[job.id]
        view.end()
        self._announce_end(job)
        self._server.tell_status()

    def _announce_end(self, job: Job) -> None:
        text = words.end_line(job)
        outcome = job.outcome
        announced = self._server.capabilities.job_notifications
        if announced:
            self._server.notify(
                FINISHED,
                {
                    **_identity(job),
                    "state": job.state.value,
                    "stop_reason": outcome.stop_reason.value if outcome else None,
                    "applied": job.applied,
                    "refinements": [offer(item) for item in outcome.refinements] if outcome else [],
                    "message": text,
                },
            )
        cancelled = (
            outcome.stop_reason is StopReason.CANCELLED
            if outcome
            else job.state is JobState.CANCELLED
        )
        if job.state is JobState.FAILED:
            self._server.show(types.MessageType.Error, text)
        elif outcome and outcome.stop_reason in words.TROUBLE:
            self._server.show(types.MessageType.Warning, text)
        elif job.applied or (cancelled and not (outcome and outcome.refinements)):
            self._server.log(text)  # the user did it, and knows
        elif announced:
            self._server.log(text)  # the client says it in its own way
        else:
            self._server.show(types.MessageType.Info, text)


class JobView:
    """One job on the screen: its progress, its notifications, its code lens."""

    def __init__(self, server: OrpsServer, job: Job) -> None:
        self._server = server
        self._job = job
        self._last = ("", 0.0)  # phase and time of the last report
        self._lens = ""
        self._bar = WorkDone(
            server,
            f"orps-{job.id}",
            f"Refining {job.work.qualname}",
            lambda: server.session.jobs.cancel(job.id),
        )

    def show(self) -> None:
        """Report the job as it is now, at a bearable rate."""
        progress = self._job.progress
        line = words.state_line(self._job, self._server.session.jobs.position(self._job))
        best = progress.best.summary if progress and progress.best else ""
        lens = f"{progress.phase} {best}" if progress else line
        if lens != self._lens:
            self._lens = lens
            self._server.refresh_lenses()
            self._server.tell_status()
        phase = progress.phase if progress else line
        now = asyncio.get_running_loop().time()
        if phase == self._last[0] and now - self._last[1] < _REPORT_SECONDS:
            return
        self._last = (phase, now)
        if progress and self._server.capabilities.job_notifications:
            self._server.notify(PROGRESS, {**_identity(self._job), **_progress_json(progress)})
        self._bar.report(line, _percentage(progress))

    def end(self) -> None:
        outcome = self._job.outcome
        message = words.found_line(outcome) if outcome else self._job.state.value
        self._bar.end(message or "nothing better found")
        self._server.refresh_lenses()


def offer(refinement: Refinement) -> dict[str, object]:
    """Name a refinement to a client."""
    return {
        "rank": refinement.rank,
        "candidate": refinement.candidate.id,
        "summary": refinement.summary,
    }


def _identity(job: Job) -> dict[str, object]:
    return {"job": job.id, "uri": job.work.uri, "function": job.work.qualname}


def _progress_json(progress: Progress) -> dict[str, object]:
    counts, best = progress.counts, progress.best
    return {
        "message": words.progress_line(progress),
        "phase": progress.phase,
        "round": progress.round,
        "rounds": progress.rounds,
        "candidates": {
            "generated": counts.generated,
            "duplicates": counts.duplicates,
            "screened_out": counts.screened_out,
            "failed": counts.failed,
            "verified": counts.verified,
        },
        "best": {"candidate": best.candidate.id, "summary": best.summary} if best else None,
        "tokens_per_second": progress.tokens_per_second,
        "seconds": progress.seconds,
        "seconds_left": progress.seconds_left,
    }


def _percentage(progress: Progress | None) -> int:
    """By time where there is a limit, else by rounds; 0 to 99, since only the end is 100."""
    if progress is None:
        return 0
    share = 0.0
    if progress.seconds_left is not None and progress.seconds + progress.seconds_left > 0:
        share = progress.seconds / (progress.seconds + progress.seconds_left)
    if progress.rounds:
        share = max(share, (progress.round - 1) / progress.rounds)
    return min(99, max(0, int(100 * share)))
