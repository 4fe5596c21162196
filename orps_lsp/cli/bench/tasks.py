"""``orps-lsp bench tasks``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli import flags
from orps_lsp.cli.bench.common import INTERRUPTED, interruptible, positive, progress, whole
from orps_lsp.cli.models import ensure
from orps_lsp.config import Settings
from orps_lsp.search.types import Part

if TYPE_CHECKING:
    from orps_lsp.bench.tasks.report import Report
    from orps_lsp.bench.tasks.runs import Choice
    from orps_lsp.bench.tasks.statistics import Estimate


def configure(parser: argparse.ArgumentParser) -> None:
    add_tasks(parser)
    parser.add_argument(
        "--without",
        action="append",
        choices=[part.value for part in Part],
        default=[],
        help="leave a part of the search out, to see what it is worth; may be given again",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the records there, and go on with them"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_tasks(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`choice` reads."""
    parser.add_argument("file", type=Path, metavar="FILE.jsonl", help="the tasks")
    flags.add(parser)
    # Budgets are in tokens: what a machine does in a second says nothing of a method.
    parser.set_defaults(tokens=1000, seconds=0.0, candidates=0, method="orps")
    parser.add_argument(
        "--limit", type=whole, default=0, metavar="N", help="tasks that are drawn; 0: all"
    )
    parser.add_argument(
        "--sample-seed", type=whole, default=0, metavar="N", help="decides which (default: 0)"
    )
    parser.add_argument(
        "--parallel", type=positive, default=4, metavar="N", help="tasks at a time (default: 4)"
    )


def choice(args: argparse.Namespace) -> Choice:
    """Return what was asked for; fetches the model if it is not here."""
    from orps_lsp.bench.tasks.runs import Choice

    settings = flags.over(Settings(), args)
    ensure(settings)
    without = frozenset(map(Part, getattr(args, "without", ())))
    return Choice(args.file, settings, args.limit, args.sample_seed, args.parallel, without)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.tasks.report import Report
    from orps_lsp.bench.tasks.runs import execute, opened, planned

    plan, about = planned(choice(args))
    with opened(about, args.out) as into:
        done = interruptible(execute(plan, into, progress()))
        report = Report.of(into)
        if args.json:
            print(json.dumps(report.to_json(), indent=2))
        else:
            show(report)
    return 0 if done else INTERRUPTED


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    about, figures = report.run.about, report.metrics
    console.print(
        f"{about.method}, {about.model}, {about.tokens} tokens a task, seed {about.seed}: "
        f"{len(report.run.scored)} tasks of {about.file}",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("", "value", "95 % interval"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("Pass@1", *cells(figures.pass_at_1))
    table.add_row("Tests", *cells(figures.tests))
    table.add_row("Valid", *cells(figures.valid))
    table.add_row("Time", *cells(figures.time))
    console.print(table)
    console.print(f"{report.tokens:.0f} tokens a task; {report.seconds:.0f} s for all.")
    for record in report.run.apart:
        console.print(f"Left out: {record.task}. {record.apart}", soft_wrap=True)


def cells(estimate: Estimate) -> tuple[str, str]:
    """Return a figure and its interval, for people."""
    if estimate.value is None:
        return "-", ""
    return f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}"
