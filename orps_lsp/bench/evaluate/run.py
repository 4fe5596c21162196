"""Measure evaluations beside a plain pytest, then how often their speeds are told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timezone

from orps_lsp.bench.evaluate import modes, ranking
from orps_lsp.bench.evaluate.report import Report
from orps_lsp.bench.machine import survey
from orps_lsp.config import Settings
from orps_lsp.evaluation import sandbox


async def run(repeat: int, trials: int, say: Callable[[str], None]) -> Report:
    """Measure each version ``repeat`` times and each factor ``trials`` times; 0: not at all.

    Raises:
        EvaluationError: there is no sandbox or interpreter.
        BenchError: the ways to run tests do not agree.
    """
    machine = await asyncio.to_thread(survey)
    if machine.busy:
        say("warning: the machine is busy with something else; ratios hold better than times")
    chosen = await sandbox.choose(Settings().sandbox)
    projects = await modes.measure(repeat, say) if repeat else ()
    return Report(
        projects=projects,
        ranking=await ranking.rank(trials, say) if trials else None,
        sandbox=chosen.name,
        machine=machine,
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
