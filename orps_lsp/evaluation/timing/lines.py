"""Which lines of the original its time goes to: for the prompt, so without any claim."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from orps_lsp.evaluation.hosts import HostFailed, Job, host
from orps_lsp.evaluation.protocol import HotLine
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing.work import Work

MEASURABLE_NS = 100_000  # of one pass over the calls; with less, it is the tracing that shows
SECONDS = 0.5  # of tracing
GRACE_SECONDS = 10.0  # to load, and to end a call that was being traced
SHOWN = 3
MIN_SHARE = 0.1
MAX_LENGTH = 120  # of a line that is shown

_LINE_END = re.compile(r"\r\n|\r|\n")  # what Python counts as one


async def hottest(session: Session, job: Job, work: Work) -> tuple[HotLine, ...]:
    """Trace one pass over the calls that a sample measures; nothing where that shows nothing.

    Raises:
        WorkerDied: the worker ended.
    """
    if work.expected_ns // work.repeats < MEASURABLE_NS:
        return ()
    try:
        async with host(await session.worker(), job) as child:
            child.request(
                SECONDS + GRACE_SECONDS, do="lines", indices=list(work.indices), seconds=SECONDS
            )
            answer = await child.answer()
    except HostFailed:
        return ()
    return choose(answer, _LINE_END.split(session.target.source))


def choose(answer: Mapping[str, Any], source: Sequence[str]) -> tuple[HotLine, ...]:
    """Choose the lines to tell of, from a host's report and the lines of the file."""
    lines = [line for line in answer.get("lines", ()) if _is_plain(line, len(source))]
    total = sum(ns for _, _, ns in lines)
    if len(lines) < 2 or total == 0:
        return ()  # that all of the time is in the only line is no news
    hot = [
        HotLine(number, source[number - 1].strip(), ns / total, runs)
        for number, runs, ns in sorted(lines, key=lambda line: -line[2])
        if ns / total >= MIN_SHARE
    ]
    return tuple(line for line in hot if 0 < len(line.text) <= MAX_LENGTH)[:SHOWN]


def _is_plain(line: Any, last: int) -> bool:
    """Whether it is what the tracer tells: number, runs, ns. It comes from the user's process."""
    return (
        isinstance(line, list)
        and len(line) == 3
        and all(type(item) is int and 0 <= item < 2**63 for item in line)
        and 1 <= line[0] <= last
    )
