"""Shows jobs to the client: progress, messages, refreshed code lenses, notifications."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orps_lsp.lsp import words
from orps_lsp.lsp.jobs import Job, JobState
from orps_lsp.search.types import Progress, StopReason

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer

PROGRESS = "orps/progress"
FINISHED = "orps/finished"

_REPORT_SECONDS = 0.1  # between two reports of the same phase


class Presenter:
    """Follows every job from the queue to its end."""

    def __init__(self, server: OrpsServer) -> None:
        self._server = server
        self._bars: dict[int, ProgressBar] = {}

    def job_changed(self, job: Job) -> None:
        """Show what is new about a job."""
        bar = self._bars.get(job.id)
        if bar is None:
            bar = self._bars[job.id] = ProgressBar(self._server, job)
        if job.active:
            bar.show()
            return
        del self._bars[job.id]
        bar.end()
        self._announce_end(job)

    def _announce_end(self, job: Job) -> None:
        text = words.end_line(job)
        outcome = job.outcome
        if self._server.capabilities.job_notifications:
            self._server.notify(
                FINISHED,
                {
                    **_identity(job),
                    "state": job.state.value,
                    "stop_reason": outcome.stop_reason.value if outcome else None,
                    "refinements": len(outcome.refinements) if outcome else 0,
                    "message": text,
                },
            )
        cancelled = (
            outcome.stop_reason is StopReason.CANCELLED
            if outcome
            else job.state is JobState.CANCELLED
        )
        if cancelled and not (outcome and outcome.refinements):
            self._server.log(text)  # the user did it, and knows
        elif job.state is JobState.FAILED:
            self._server.show(types.MessageType.Error, text)
        elif outcome and outcome.stop_reason in words.TROUBLE:
            self._server.show(types.MessageType.Warning, text)
        else:
            self._server.show(types.MessageType.Info, text)


class ProgressBar:
    """One job's ``$/progress`` (LSP ``window/workDoneProgress/create``), lenses and notifications.

    The client is asked for a token once, and may answer late, refuse, or never answer: the job
    does not wait for it.
    """

    def __init__(self, server: OrpsServer, job: Job) -> None:
        self._server = server
        self._job = job
        self._token = f"orps-{job.id}"
        self._begun = False
        self._last = ("", 0.0)  # phase and time of the last report
        self._percentage = 0
        self._lens = ""
        self._ended = False
        if server.capabilities.work_done_progress:
            self._opening = asyncio.create_task(self._open())
        else:
            server.log(f"Refining `{job.work.qualname}`.")

    def show(self) -> None:
        """Report the job as it is now, at a bearable rate."""
        progress = self._job.progress
        line = self._line()
        best = progress.best.summary if progress and progress.best else ""
        lens = f"{progress.phase} {best}" if progress else line
        if lens != self._lens:
            self._lens = lens
            self._server.refresh_lenses()
        phase = progress.phase if progress else line
        now = asyncio.get_running_loop().time()
        if phase == self._last[0] and now - self._last[1] < _REPORT_SECONDS:
            return
        self._last = (phase, now)
        if progress and self._server.capabilities.job_notifications:
            self._server.notify(PROGRESS, {**_identity(self._job), **_progress_json(progress)})
        if self._begun:
            self._percentage = max(self._percentage, _percentage(progress))
            report = types.WorkDoneProgressReport(
                cancellable=True, message=line, percentage=self._percentage
            )
            self._server.work_done_progress.report(self._token, report)

    def end(self) -> None:
        """End the progress and give its token back."""
        self._ended = True
        self._server.refresh_lenses()
        if self._begun and not self._server.closed:
            outcome = self._job.outcome
            message = words.found_line(outcome) if outcome else self._job.state.value
            end = types.WorkDoneProgressEnd(message=message or "nothing better found")
            self._server.work_done_progress.end(self._token, end)
        self._server.work_done_progress.tokens.pop(self._token, None)

    async def _open(self) -> None:
        try:
            await self._server.work_done_progress.create_async(self._token)
        except JsonRpcException as error:
            self._server.log(f"The editor shows no progress: {error}")
            return
        if self._ended:
            self._server.work_done_progress.tokens.pop(self._token, None)
            return
        cancelled = self._server.work_done_progress.tokens[self._token]
        cancelled.add_done_callback(lambda _: self._server.session.jobs.cancel(self._job.id))
        begin = types.WorkDoneProgressBegin(
            title=f"Refining {self._job.work.qualname}",
            cancellable=True,
            message=self._line(),
            percentage=_percentage(self._job.progress),
        )
        self._server.work_done_progress.begin(self._token, begin)
        self._begun = True

    def _line(self) -> str:
        return words.state_line(self._job, self._server.session.jobs.position(self._job))


def _identity(job: Job) -> dict[str, object]:
    return {"job": job.id, "uri": job.work.uri, "function": job.work.qualname}


def _progress_json(progress: Progress) -> dict[str, object]:
    counts = progress.counts
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
        "best": progress.best.summary if progress.best else None,
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
