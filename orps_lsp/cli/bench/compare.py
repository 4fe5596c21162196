"""``orps-lsp bench compare``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli.bench.common import check_writable
from orps_lsp.cli.bench.tasks import cells

if TYPE_CHECKING:
    from orps_lsp.bench.tasks.compare import Comparison


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="folders that `bench tasks --out` wrote; the first is what others are compared with",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with pictures")


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.tasks.compare import compare
    from orps_lsp.bench.tasks.page import render
    from orps_lsp.bench.tasks.records import Run

    if args.html:
        check_writable(args.html)
    comparison = compare([Run.load(folder) for folder in args.runs])
    if args.html:
        args.html.write_text(render(comparison), encoding="utf-8")
    if args.json:
        print(json.dumps(comparison.to_json(), indent=2))
    else:
        show(comparison)
    return 0


def show(comparison: Comparison) -> None:
    console = Console(markup=False, highlight=False)
    table = _table("", "tasks", "Pass@1", "Tests", "Valid", "Time", "tokens a task")
    for group in comparison.groups:
        found = group.metrics
        figures = (found.pass_at_1, found.tests, found.valid, found.time)
        table.add_row(
            group.name,
            str(len(group.records)),
            *("  ".join(cells(figure)) for figure in figures),
            f"{group.tokens:.0f}",
        )
    console.print(table)
    if not comparison.against_first:
        return
    first = comparison.groups[0].name
    table = _table(
        f"beside {first}", "Pass@1 more", "times", "only it, only the other", "p", "Time"
    )
    for group, pair in zip(comparison.groups[1:], comparison.against_first, strict=True):
        table.add_row(
            group.name,
            "  ".join(cells(pair.difference)),
            "  ".join(cells(pair.ratio)),
            f"{pair.wins}, {pair.losses}",
            f"{pair.p:.3f}",
            "  ".join(cells(pair.time)),
        )
    console.print(table)


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
