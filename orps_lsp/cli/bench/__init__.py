"""``orps-lsp bench``: measure, on this machine, what the README claims."""

from __future__ import annotations

import argparse
from types import ModuleType

from orps_lsp.cli.bench import (
    compare,
    critic,
    engine,
    evaluate,
    refine,
    results,
    server,
    tasks,
    trace,
)

_BENCHES: dict[str, tuple[ModuleType, str]] = {
    "compare": (compare, "set runs of `bench tasks` side by side"),
    "critic": (critic, "measure how well the critic tells right versions from wrong ones"),
    "engine": (
        engine,
        "measure the engine beside llama.cpp's own limit and the plain way to use it",
    ),
    "evaluate": (
        evaluate,
        "measure evaluations beside a plain pytest, and how surely speeds are told apart",
    ),
    "refine": (
        refine,
        "measure how much faster a search makes slow functions",
    ),
    "results": (results, "run methods and ablations over files of tasks, and write a page of it"),
    "server": (server, "measure how soon the language server starts and answers, and its memory"),
    "tasks": (tasks, "measure a search method on programming tasks with hidden tests"),
    "trace": (trace, "record what a search asks of the engine, for `bench engine --trace`"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks as commands of their own; once parsed they go to their ``execute``."""
    benches = parser.add_subparsers(dest="bench", required=True, metavar="BENCHMARK")
    for name, (bench, summary) in _BENCHES.items():
        command = benches.add_parser(name, help=summary, description=f"{summary}.".capitalize())
        bench.configure(command)
        command.set_defaults(run=bench.execute)
