"""``orps-lsp bench critic``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli.bench import tasks
from orps_lsp.cli.bench.common import add_output, check_output, measured, progress

if TYPE_CHECKING:
    from orps_lsp.bench.critic.run import Report


def configure(parser: argparse.ArgumentParser) -> None:
    tasks.add_tasks(parser)
    parser.set_defaults(tokens=600)
    add_output(parser)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.critic.run import run
    from orps_lsp.bench.tasks.runs import planned
    from orps_lsp.llm import create_engine

    check_output(args)
    plan, _ = planned(tasks.choice(args))

    async def work() -> Report:
        engine = create_engine(plan.settings)
        try:
            return await run(plan, engine, progress())
        finally:
            await engine.close()

    return measured(args, work(), show)


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    figures = report.to_json()
    passing = figures["passing"]
    console.print(
        f"{report.model}: {figures['candidates']} versions, {figures['right']} right; "
        f"{passing['candidates']} pass the visible tests, {passing['right']} of these are right",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("AUC for 'right'")
    for heading in ("all", "within a task", "of those that pass", "within a task"):
        table.add_column(heading, justify="right")
    for name, found in figures["auc"].items():
        values = [*found.values(), *passing["auc"][name].values()]
        cells = ("-" if value is None else f"{value:.2f}" for value in values)
        table.add_row(name.replace("_", " "), *cells)
    console.print(table)
    console.print(f"The critic's weight that orders versions best: alpha = {report.alpha:g}.")
