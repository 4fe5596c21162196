"""``orps-lsp refine FILE::QUALNAME``: the main job, from the terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from orps_lsp import files, report
from orps_lsp.cli import flags
from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.models import ensure
from orps_lsp.cli.signals import interrupts
from orps_lsp.config import Settings, find_workspace
from orps_lsp.errors import OrpsError
from orps_lsp.refine import Request, refine
from orps_lsp.search.types import Intent, Outcome
from orps_lsp.source.locate import FunctionNotFound, find_at

_INTERRUPTED = 130


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function",
        metavar="FILE::QUALNAME",
        help="for example pkg/mod.py::Class.method, or FILE:LINE",
    )
    parser.add_argument("--intent", choices=[intent.value for intent in Intent])
    flags.add(parser)
    parser.add_argument(
        "--apply", type=int, metavar="RANK", help="write this refinement to the file"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="write the whole search as one HTML page"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    file, request = _request(args)
    if args.report:
        _check_writable(args.report)
    settings = _settings(args, request.workspace)
    ensure(settings)
    outcome = asyncio.run(_refine(request, settings))
    if outcome is None:
        print("orps-lsp: cancelled before anything was found", file=sys.stderr)
        return _INTERRUPTED
    if args.json:
        print(json.dumps(report.to_json(outcome), indent=2))
    else:
        from orps_lsp.cli.terminal import print_outcome

        print_outcome(outcome)
    if args.report:
        _write_report(args.report, outcome)
    if args.apply is not None:
        _apply(file, outcome, args.apply)
    return 0


def _request(args: argparse.Namespace) -> tuple[files.SourceFile, Request]:
    """Read the file and find the function by name, or by a line in it."""
    name, _, qualname = args.function.partition("::")
    line = 0
    if not qualname:
        name, _, number = name.rpartition(":")
        if not (name and number.isdigit()):
            raise UsageError(
                f"'{args.function}' names no function.", "Write FILE::QUALNAME or FILE:LINE."
            )
        line = int(number)
    path = Path(name).absolute()
    file = files.read(path)
    if line:
        function = find_at(file.text, line)
        if function is None:
            raise FunctionNotFound(f"There is no function at line {line} of {name}.")
        qualname = function.qualname
    intent = Intent(args.intent) if args.intent else None
    return file, Request(find_workspace(path), path.resolve(), file.text, qualname, intent)


def _settings(args: argparse.Namespace, workspace: Path) -> Settings:
    """Defaults, then the workspace's, then the flags; wrong flags end the command."""
    settings, problems = flags.read(args, workspace)
    for problem in problems:
        print(f"orps-lsp: {problem}", file=sys.stderr)
    return settings


async def _refine(request: Request, settings: Settings) -> Outcome | None:
    """Run the search; Ctrl-C stops it and keeps what was found, a second one gives up at once."""
    from orps_lsp.cli.terminal import progress_display
    from orps_lsp.llm import create_engine

    stop = asyncio.Event()
    task = asyncio.current_task()
    assert task

    def interrupt() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    engine = create_engine(settings)
    try:
        with interrupts(interrupt), progress_display(request.qualname) as listen:
            return await refine(request, settings, engine, stop=stop, listen=listen)
    except asyncio.CancelledError:
        return None
    finally:
        await engine.close()


def _check_writable(path: Path) -> None:
    """Refuse before the search what would fail after it."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(
            f"The report cannot be written to {path}.", "Name a file in a folder that exists."
        )


def _write_report(path: Path, outcome: Outcome) -> None:
    text = report.to_html(outcome)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OrpsError(f"The report cannot be written: {error}.") from error
    print(f"The report is {path.absolute()}", file=sys.stderr)


def _apply(file: files.SourceFile, outcome: Outcome, rank: int) -> None:
    chosen = next((r for r in outcome.refinements if r.rank == rank), None)
    if chosen is None:
        raise OrpsError(
            f"There is no refinement #{rank}: {len(outcome.refinements)} were found.",
            "The file was not changed.",
        )
    files.write(file, chosen.candidate.module)
    print(f"Applied #{rank} to {file.path}", file=sys.stderr)
