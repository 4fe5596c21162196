"""``orps-lsp bench server``."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli.bench.common import add_output, check_output, measured, positive, progress
from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.models import ensure
from orps_lsp.config import Origin, parse

if TYPE_CHECKING:
    from orps_lsp.bench.server.report import Report


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--starts", type=positive, default=15, metavar="N", help="of each server (default: 15)"
    )
    parser.add_argument(
        "--requests", type=positive, default=400, metavar="N", help="of each kind (default: 400)"
    )
    parser.add_argument(
        "--reference",
        default="jedi-language-server",
        metavar="COMMAND",
        help="the language server to compare with (default: jedi-language-server)",
    )
    parser.add_argument(
        "--model", default="", help="search with this model (default: written answers)"
    )
    add_output(parser)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.server.run import Plan, run

    check_output(args)
    try:
        reference = shlex.split(args.reference)
    except ValueError as error:
        raise UsageError(f"--reference: {error}.") from None
    if not reference:
        raise UsageError("--reference names no command.")
    if args.model:
        settings, problems = parse({"model": args.model}, Origin.COMMAND_LINE)
        if problems:
            raise UsageError(" ".join(problem.message for problem in problems))
        ensure(settings)
    plan = Plan(args.starts, args.requests, reference, args.model)
    return measured(args, run(plan, progress()), show)


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    machine, figures = report.machine, report.to_json()
    console.print(f"{machine.cores} cores ({machine.cpu})")
    line = f"initialize   {figures['initialize_ms']} ms"
    if report.ratio is not None:
        theirs = figures["reference_initialize_ms"]
        line += f"; {report.reference} {theirs} ms: {report.ratio:.2f} times as long"
    console.print(line, soft_wrap=True)
    typed = figures["rss_typed_mb"]
    console.print(
        f"memory       {figures['rss_mb']} MB with a long file open, {typed} after typing"
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("ms (p50, p99)", no_wrap=True)
    for situation in report.latencies:
        table.add_column(situation, justify="right", no_wrap=True)
    for kind, p99 in figures["p99_ms"].items():
        p50 = figures["p50_ms"][kind]
        table.add_row(kind.replace("_", " "), *(f"{p50[s]:.2f}  {p99[s]:.2f}" for s in p99))
    console.print(table)
    if "note" in figures:
        console.print(figures["note"], soft_wrap=True)
