"""``orps-lsp bench refine DIR``."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli import flags
from orps_lsp.cli.bench.common import (
    INTERRUPTED,
    add_output,
    check_output,
    measured,
    positive,
    progress,
)
from orps_lsp.cli.models import ensure
from orps_lsp.cli.signals import interrupts
from orps_lsp.config import Settings
from orps_lsp.quantities import ratio

if TYPE_CHECKING:
    from orps_lsp.bench.refine.report import Report
    from orps_lsp.bench.refine.result import Result
    from orps_lsp.bench.refine.run import Plan
    from orps_lsp.evaluation.protocol import Speedup

_SECONDS = 120.0
_NONE = "-"
_WIDTH = 120  # what the table needs; a file has no width of its own


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="a folder of projects; each names its function in [tool.orps-bench] of its pyproject",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this project; may be repeated"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N projects")
    flags.add(parser)
    add_output(parser)
    parser.set_defaults(seconds=_SECONDS)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.refine.projects import find
    from orps_lsp.bench.refine.run import Plan

    settings = flags.over(Settings(), args)
    check_output(args)
    projects = find(args.folder, args.only)[: args.limit]
    ensure(settings)
    stop = asyncio.Event()
    code = measured(args, _run(Plan(projects, settings), stop, args.out), show)
    return INTERRUPTED if stop.is_set() else code


async def _run(plan: Plan, stop: asyncio.Event, out: Path | None) -> Report:
    """Ctrl-C stops it and keeps what was measured, a second one gives up at once."""
    from orps_lsp.bench.refine.run import run

    task = asyncio.current_task()
    assert task

    def interrupt() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    def keep(report: Report) -> None:
        if out:  # what took minutes each is not to be lost with what comes after it
            out.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")

    with interrupts(interrupt):
        return await run(plan, stop, progress(), keep)


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    console.width = max(console.width, _WIDTH)
    machine, settings = report.machine, report.settings
    console.print(
        f"{report.model}, {settings.method}, {settings.seconds:g} s a function; "
        f"{machine.cores} cores ({machine.cpu})",
        soft_wrap=True,
    )
    if report.results:
        console.print(_table(report.results))
        console.print("candidates: verified / failed / screened out / duplicates")
    for result in report.results:
        if fault := result.error or (result.check and result.check.fault):
            console.print(f"{result.project}: {fault}", soft_wrap=True)
    if len(report.results) < report.planned:
        console.print(f"Interrupted: {len(report.results)} of {report.planned} were measured.")
    if report.improved_share is not None and report.median_gain is not None:
        console.print(
            f"1.2x as fast or more: {report.improved_share:.0%}. Median gain: "
            f"{ratio(report.median_gain)}. False wins: {report.false_wins}. Median seconds to the "
            f"first: {_seconds(report.median_first)}, to the best: {_seconds(report.median_best)}. "
            f"Tokens: {report.generated:,}.",
            soft_wrap=True,
        )


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("function", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("offered", "again", "first", "best", "tokens", "candidates"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ended by", no_wrap=True)
    for result in results:
        table.add_row(*_row(result))
    return table


def _row(result: Result) -> list[str]:
    row = [result.project, result.verdict]
    if (outcome := result.outcome) is None:
        return row
    evaluation = result.best.candidate.evaluation if result.best else None
    counts = outcome.counts
    numbers = (counts.verified, counts.failed, counts.screened_out, counts.duplicates)
    return [
        *row,
        _speedup(evaluation.speedup if evaluation else None),
        _speedup(result.check.speedup if result.check else None),
        _seconds(result.first_seconds),
        _seconds(result.best_seconds),
        str(outcome.usage.generated),
        "/".join(map(str, numbers)),
        outcome.stop_reason.value.removeprefix("budget_"),
    ]


def _speedup(speedup: Speedup | None) -> str:
    if speedup is None:
        return _NONE
    low, high = ratio(speedup.low).removesuffix("x"), ratio(speedup.high).removesuffix("x")
    return f"{ratio(speedup.median)} ({low}-{high})"


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.0f} s"
