"""``orps-lsp bench``: measure, on this machine, what the README claims."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rich.console import Console
from rich.table import Table

from orps_lsp import files
from orps_lsp.cli import flags
from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.models import ensure
from orps_lsp.cli.signals import interrupts
from orps_lsp.config import Origin, Settings, find_workspace, parse

if TYPE_CHECKING:
    from orps_lsp.bench.engine.report import Report
    from orps_lsp.bench.evaluate.report import Report as EvaluateReport
    from orps_lsp.bench.server.report import Report as ServerReport
    from orps_lsp.refine import Request

_INTERRUPTED = 130
_MODEL_OPTIONS = {"model": str, "threads": int, "context": int, "gpu_layers": int}
_T = TypeVar("_T")


class _Bench(NamedTuple):
    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks as commands of their own; once parsed they go to their ``run``."""
    benches = parser.add_subparsers(dest="bench", required=True, metavar="BENCHMARK")
    for name, bench in _BENCHES.items():
        command = benches.add_parser(
            name, help=bench.summary, description=f"{bench.summary}.".capitalize()
        )
        bench.configure(command)
        command.set_defaults(run=bench.run)


# -- bench engine


def _configure_engine(parser: argparse.ArgumentParser) -> None:
    _add_settings(parser)
    parser.add_argument(
        "--sequences",
        type=_counts,
        default=(1, 4, 8, 16, 32),
        metavar="N,N,...",
        help="numbers of completions at the same time (default: 1,4,8,16,32)",
    )
    parser.add_argument(
        "--repeat", type=_positive, default=3, metavar="N", help="measurements of each (default: 3)"
    )
    parser.add_argument(
        "--tokens", type=_several, default=64, metavar="N", help="tokens of each (default: 64)"
    )
    parser.add_argument(
        "--trace", type=Path, help="replay this search instead of the shipped one (`bench trace`)"
    )
    parser.add_argument(
        "--replays", type=_positive, default=1, metavar="N", help="how often (default: 1)"
    )
    parser.add_argument("--no-replay", action="store_true", help="leave the replay out")
    parser.add_argument(
        "--batched-bench", type=_program, metavar="PATH", help="measure llama.cpp's program too"
    )
    parser.add_argument(
        "--llama-server", type=_program, metavar="PATH", help="measure llama.cpp's server too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to this file too")


def _run_engine(args: argparse.Namespace) -> int:
    from orps_lsp.bench.engine.run import Plan, run
    from orps_lsp.bench.engine.trace import SHIPPED, Trace

    settings = _settings(args)
    if args.out:
        _check_writable(args.out)
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
    report = _interruptible(run(plan, _progress()))
    if report is None:
        return _INTERRUPTED
    _deliver(args, report.to_json(), lambda: _print_report(report))
    return 0


def _print_report(report: Report) -> None:
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


# -- bench evaluate


def _configure_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repeat", type=_whole, default=10, metavar="N", help="runs of each version (default: 10)"
    )
    parser.add_argument(
        "--trials",
        type=_whole,
        default=100,
        metavar="N",
        help="measurements of each speed-up; 0 leaves them out (default: 100)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to this file too")


def _run_evaluate(args: argparse.Namespace) -> int:
    from orps_lsp.bench.evaluate.run import run

    if args.out:
        _check_writable(args.out)
    report = _interruptible(run(args.repeat, args.trials, _progress()))
    if report is None:
        return _INTERRUPTED
    _deliver(args, report.to_json(), lambda: _print_evaluate(report))
    return 0


def _print_evaluate(report: EvaluateReport) -> None:
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


# -- bench server


def _configure_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--starts", type=_positive, default=15, metavar="N", help="of each server (default: 15)"
    )
    parser.add_argument(
        "--requests", type=_positive, default=400, metavar="N", help="of each kind (default: 400)"
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to this file too")


def _run_server(args: argparse.Namespace) -> int:
    from orps_lsp.bench.server.run import Plan, run

    if args.out:
        _check_writable(args.out)
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
    report = _interruptible(run(plan, _progress()))
    if report is None:
        return _INTERRUPTED
    _deliver(args, report.to_json(), lambda: _print_server(report))
    return 0


def _print_server(report: ServerReport) -> None:
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


# -- bench trace


def _configure_trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", metavar="FILE::QUALNAME", help="what to search for")
    parser.add_argument("--out", type=Path, required=True, metavar="TRACE.json")
    parser.add_argument(
        "--all-rounds", action="store_true", help="go on where the method orps would stop early"
    )
    flags.add(parser)
    # The clock must not decide what is recorded.
    parser.set_defaults(seconds=0.0, candidates=20, rounds=3)


def _run_trace(args: argparse.Namespace) -> int:
    from orps_lsp.refine import Request

    name, _, qualname = args.function.partition("::")
    if not (name and qualname):
        raise UsageError(f"'{args.function}' names no function.", "Write FILE::QUALNAME.")
    _check_writable(args.out)
    path = Path(name).absolute()
    workspace = find_workspace(path)
    request = Request(workspace, path.resolve(), files.read(path).text, qualname)
    settings, problems = flags.read(args, workspace)
    for problem in problems:
        print(f"orps-lsp: {problem}", file=sys.stderr)
    ensure(settings)
    done = _interruptible(_record(request, settings, args.out, args.all_rounds))
    if done is None:
        return _INTERRUPTED
    print(done)
    return 0


async def _record(request: Request, settings: Settings, out: Path, all_rounds: bool) -> str:
    """Search, write what was asked of the engine, and say what it was."""
    from orps_lsp.bench.engine.record import record
    from orps_lsp.cli.terminal import progress_display
    from orps_lsp.llm import create_engine

    engine = create_engine(settings)
    try:
        with progress_display(request.qualname) as listen:
            trace, outcome = await record(
                request,
                settings,
                engine,
                stop=asyncio.Event(),
                listen=listen,
                all_rounds=all_rounds,
            )
    finally:
        await engine.close()
    trace.save(out)
    return (
        f"{out}: {len(trace.requests)} requests of {trace.about['candidates']} candidates in "
        f"{trace.about['rounds']} rounds. {outcome.stop_reason.sentence}"
    )


# -- shared


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


def _interruptible(work: Coroutine[Any, Any, _T]) -> _T | None:
    """Run ``work``; Ctrl-C or SIGTERM cancels it, so that it ends its children. None: cancelled."""

    async def main() -> _T:
        with interrupts():
            return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        print("orps-lsp: interrupted", file=sys.stderr)
        return None


def _progress() -> Callable[[str], None]:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {text}", file=sys.stderr, flush=True)

    return say


def _deliver(args: argparse.Namespace, data: dict[str, Any], show: Callable[[], None]) -> None:
    """Give the figures in the form, and to the file, that were asked for."""
    text = json.dumps(data, indent=2)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")
    if args.json:
        print(text)
    else:
        show()


def _check_writable(path: Path) -> None:
    """Find out before minutes of work whether their result can be kept."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path} is no file that could be written.", "Give another --out.")


def _whole(text: str) -> int:
    return _at_least(0, text)


def _positive(text: str) -> int:
    return _at_least(1, text)


def _several(text: str) -> int:
    return _at_least(2, text)


def _at_least(minimum: int, text: str) -> int:
    if not text.isdecimal() or int(text) < minimum:
        raise argparse.ArgumentTypeError(f"must be a whole number from {minimum} on, not '{text}'")
    return int(text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))


def _program(text: str) -> Path:
    path = Path(text).absolute()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no program at {text}")
    return path


_BENCHES = {
    "engine": _Bench(
        "measure the engine beside llama.cpp's own limit and the plain way to use it",
        _configure_engine,
        _run_engine,
    ),
    "evaluate": _Bench(
        "measure evaluations beside a plain pytest, and how surely speeds are told apart",
        _configure_evaluate,
        _run_evaluate,
    ),
    "server": _Bench(
        "measure how soon the language server starts and answers, and its memory",
        _configure_server,
        _run_server,
    ),
    "trace": _Bench(
        "record what a search asks of the engine, for `bench engine --trace`",
        _configure_trace,
        _run_trace,
    ),
}
