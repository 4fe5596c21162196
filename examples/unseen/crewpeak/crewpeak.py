"""Peak crew demand of a day plan.

The dispatcher plans jobs by the minute and has to know how many people are
needed at the busiest moment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A job from minute start up to, but not including, minute end."""

    name: str
    start: int
    end: int
    crew: int


@dataclass(frozen=True)
class Peak:
    """The busiest moment, the people needed then and the jobs running."""

    minute: int
    crew: int
    jobs: tuple[str, ...]


def parse_clock(text: str) -> int:
    """Minutes since midnight of a time like 7:45."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def parse_job(line: str) -> Job:
    """Read 'NAME 7:45-9:00 CREW'."""
    name, times, crew = line.split()
    start, end = times.split("-")
    return Job(name, parse_clock(start), parse_clock(end), int(crew))


def peak_demand(jobs: list[Job]) -> Peak | None:
    """Return the first minute at which the most people are needed.

    The jobs of the peak are those running in that minute, in the order
    given.  None if there are no jobs.  Raises ValueError if a job does not
    end after its start or needs less than one person.
    """
    for job in jobs:
        if job.end <= job.start or job.crew < 1:
            raise ValueError(f"bad job {job.name}")
    if not jobs:
        return None
    peak = None
    for minute in range(min(job.start for job in jobs), max(job.end for job in jobs)):
        running = [job for job in jobs if job.start <= minute < job.end]
        crew = sum(job.crew for job in running)
        if peak is None or crew > peak.crew:
            peak = Peak(minute, crew, tuple(job.name for job in running))
    return peak


def shortage(lines: list[str], staff: int) -> int:
    """How many people are missing at the busiest moment of a plan."""
    peak = peak_demand([parse_job(line) for line in lines])
    if peak is None:
        return 0
    return max(0, peak.crew - staff)
