"""Time original and candidate side by side, in fresh processes for every round."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Literal

from orps_lsp.evaluation.client import Child, Worker, reading
from orps_lsp.evaluation.hosts import Job, host
from orps_lsp.evaluation.limits import USUAL, Effort
from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import statistics
from orps_lsp.evaluation.timing.rounds import (
    TOO_SLOW,
    Pair,
    Rounds,
    Sample,
    TooSlow,
    Unmeasurable,
    conclude,
    enough,
)
from orps_lsp.evaluation.timing.work import Work

WARM_UP = 0.25  # of a sample
PATIENCE = 25.0  # seconds for a sample: none of the original takes more than a second

Version = Literal["original", "candidate"]

_TURNS: tuple[tuple[Version, Version], ...] = (
    ("original", "candidate"),
    ("candidate", "original"),
)


async def time_pairs(
    worker: Worker, original: Job, candidate: Job, work: Work, effort: Effort = USUAL
) -> tuple[Speedup, str]:
    """Time both versions until the statistics say enough; see :func:`rounds.conclude`.

    Raises:
        HostFailed: a version does not load by itself.
        Unmeasurable: a call did not end in time, the candidate is much slower, or it cheats.
    """
    jobs: dict[Version, Job] = {"original": original, "candidate": candidate}
    rounds = Rounds()
    clock = asyncio.get_running_loop().time
    end = clock() + effort.seconds
    while True:
        await _round(worker, jobs, work, rounds)
        over = clock() > end and len(rounds.warm) >= statistics.MIN_ROUNDS
        if over or (len(rounds.warm) >= effort.rounds and enough(rounds)):
            return conclude(rounds, work.scale)


async def _round(worker: Worker, jobs: Mapping[Version, Job], work: Work, rounds: Rounds) -> None:
    """Time one round. Which version starts, and which goes first in a pair, takes turns."""
    turn = len(rounds.warm)
    warm_up = 0 if work.is_long else math.ceil(work.repeats * WARM_UP)
    async with AsyncExitStack() as stack:
        hosts = {
            version: await stack.enter_async_context(host(worker, jobs[version]))
            for version in _TURNS[turn % 2]
        }
        if work.once:
            await _pair(hosts, turn, work.first)
            rounds.once.append(await _pair(hosts, turn, work.once))
        pairs = [
            await _pair(hosts, turn + pair, work.indices, work.repeats, warm_up)
            for pair in range(work.pairs)
        ]
    rounds.warm.append(pairs)
    if min(rounds.ratios("cpu")[-1], rounds.ratios("wall")[-1]) < 1 / TOO_SLOW:
        raise TooSlow


async def _pair(
    hosts: Mapping[Version, Child],
    turn: int,
    indices: Sequence[int],
    repeats: int = 1,
    warm_up: int = 0,
) -> Pair:
    samples = {
        version: await _sample(hosts[version], indices, repeats, warm_up)
        for version in _TURNS[turn % 2]
    }
    return Pair(samples["original"], samples["candidate"])


async def _sample(child: Child, indices: Sequence[int], repeats: int, warm_up: int) -> Sample:
    start = time.perf_counter_ns()
    child.request(PATIENCE, do="time", indices=list(indices), repeats=repeats, warm_up=warm_up)
    answer = await child.answer()
    if "cpu_ns" not in answer:
        raise Unmeasurable("Its speed could not be measured: a call did not end in time.")
    with reading():
        return Sample.from_event(answer, time.perf_counter_ns() - start, warm_up / repeats)
