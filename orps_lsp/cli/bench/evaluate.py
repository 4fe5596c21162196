"""``orps-lsp bench evaluate``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli.bench.common import add_output, check_output, measured, progress, whole

if TYPE_CHECKING:
    from orps_lsp.bench.evaluate.report import Report


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repeat", type=whole, default=10, metavar="N", help="runs of each version (default: 10)"
    )
    parser.add_argument(
        "--trials",
        type=whole,
        default=100,
        metavar="N",
        help="measurements of each speed-up; 0 leaves them out (default: 100)",
    )
    add_output(parser)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.evaluate.run import run

    check_output(args)
    return measured(args, run(args.repeat, args.trials, progress()), show)


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    machine = report.machine
    console.print(f"{machine.cores} cores ({machine.cpu}); sandbox: {report.sandbox}")
    if report.projects:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column("ms per candidate", no_wrap=True)
        for mode in report.projects[0].milliseconds:
            table.add_column(mode, justify="right", no_wrap=True)
        for mode in ("full", "collected"):
            table.add_column(f"by {mode}", justify="right", no_wrap=True)
        for modes in report.projects:
            table.add_row(
                f"{modes.project}, {modes.tests} of {modes.suite} tests",
                *(f"{modes.median(mode):.1f}" for mode in modes.milliseconds),
                *(f"{modes.times(mode):.1f}x" for mode in ("full", "collected")),
            )
        console.print(table)
    for line in report.ranking.lines() if report.ranking else ():
        console.print(line, soft_wrap=True)
