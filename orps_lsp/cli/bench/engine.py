"""``orps-lsp bench engine``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orps_lsp.cli.bench.common import (
    add_output,
    check_output,
    measured,
    positive,
    progress,
    several,
)
from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.models import ensure
from orps_lsp.config import Origin, Settings, parse

if TYPE_CHECKING:
    from orps_lsp.bench.engine.report import Report

_MODEL_OPTIONS = {"model": str, "threads": int, "context": int, "gpu_layers": int}


def configure(parser: argparse.ArgumentParser) -> None:
    _add_settings(parser)
    parser.add_argument(
        "--sequences",
        type=_counts,
        default=(1, 4, 8, 16, 32),
        metavar="N,N,...",
        help="numbers of completions at the same time (default: 1,4,8,16,32)",
    )
    parser.add_argument(
        "--repeat", type=positive, default=3, metavar="N", help="measurements of each (default: 3)"
    )
    parser.add_argument(
        "--tokens", type=several, default=64, metavar="N", help="tokens of each (default: 64)"
    )
    parser.add_argument(
        "--trace", type=Path, help="replay this search instead of the shipped one (`bench trace`)"
    )
    parser.add_argument(
        "--replays", type=positive, default=1, metavar="N", help="how often (default: 1)"
    )
    parser.add_argument("--no-replay", action="store_true", help="leave the replay out")
    parser.add_argument(
        "--batched-bench", type=_program, metavar="PATH", help="measure llama.cpp's program too"
    )
    parser.add_argument(
        "--llama-server", type=_program, metavar="PATH", help="measure llama.cpp's server too"
    )
    add_output(parser)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.engine.run import Plan, run
    from orps_lsp.bench.engine.trace import SHIPPED, Trace

    settings = _settings(args)
    check_output(args)
    trace = Trace(()) if args.no_replay else Trace.load(args.trace or SHIPPED)
    plan = Plan(
        settings=settings,
        trace=trace,
        sequences=args.sequences,
        repeat=args.repeat,
        tokens=args.tokens,
        replays=0 if args.no_replay else args.replays,
        batched_bench=args.batched_bench,
        llama_server=args.llama_server,
    )
    ensure(settings)
    return measured(args, run(plan, progress()), show)


def show(report: Report) -> None:
    console = Console(markup=False, highlight=False)
    machine = report.machine
    console.print(
        f"{report.model}, {report.threads} threads on {machine.cores} cores ({machine.cpu}); "
        f"{report.llama_cpp}; median of {report.repeat}",
        soft_wrap=True,
    )
    external = any(row.batched_bench.values for row in report.sequences.values())
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("tokens/s")
    headings = ["ours", "limit", "ours/limit", *(["llama-batched-bench"] if external else [])]
    for heading in headings:
        table.add_column(heading, justify="right")
    for count, row in report.sequences.items():
        cells = [row.ours.median, row.limit.median]
        name = f"{count} sequence{'s' if count > 1 else ''}"
        table.add_row(
            name,
            *(f"{value:.1f}" for value in cells),
            f"{row.ours.over(row.limit):.3f}",
            *(f"{value:.1f}" for value in row.batched_bench.values and [row.batched_bench.median]),
        )
    table.add_row(
        "reading a prompt",
        f"{report.prompt.median:.1f}",
        f"{report.limit_prompt.median:.1f}",
        f"{report.prompt.over(report.limit_prompt):.3f}",
    )
    console.print(table)
    console.print(f"llama-cpp-python, one after another: {report.naive.median:.1f} tokens/s")
    if replay := report.replay:
        figures = replay.to_json()
        console.print(
            f"A recorded search of {replay.requests} requests: {figures['ours_s']:.1f} s, one "
            f"after another {figures['naive_s']:.1f} s: {figures['speedup']:.2f} times as fast; "
            f"{figures['reused_share']:.0%} of {replay.prompt_tokens} prompt tokens were reused.",
            soft_wrap=True,
        )
    if server := report.server:
        console.print(
            f"16 whole requests at once: {server.ours.median:.1f} tokens/s, llama-server "
            f"{server.server.median:.1f}: {server.ours.over(server.server):.2f} times as fast.",
            soft_wrap=True,
        )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """The settings that matter to an engine alone; `--tokens` and others mean something else here.

    None comes from the workspace: figures are about a machine, not about where one stands in it.
    """
    docs = {item.name: item.metadata["doc"] for item in fields(Settings)}
    for name, kind in _MODEL_OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=docs[name])


def _settings(args: argparse.Namespace) -> Settings:
    given = {n: getattr(args, n) for n in _MODEL_OPTIONS if getattr(args, n) is not None}
    settings, problems = parse(given, Origin.COMMAND_LINE)
    if problems:
        raise UsageError(" ".join(problem.message for problem in problems))
    return settings


def _counts(text: str) -> tuple[int, ...]:
    return tuple(sorted({positive(part) for part in text.split(",")}))


def _program(text: str) -> Path:
    path = Path(text).absolute()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no program at {text}")
    return path
