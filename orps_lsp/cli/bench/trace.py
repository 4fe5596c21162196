"""``orps-lsp bench trace``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orps_lsp import files
from orps_lsp.cli import flags
from orps_lsp.cli.bench.common import INTERRUPTED, check_writable, interruptible
from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.models import ensure
from orps_lsp.config import Settings, find_workspace

if TYPE_CHECKING:
    from orps_lsp.refine import Request


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", metavar="FILE::QUALNAME", help="what to search for")
    parser.add_argument("--out", type=Path, required=True, metavar="TRACE.json")
    parser.add_argument(
        "--all-rounds", action="store_true", help="go on where the method orps would stop early"
    )
    flags.add(parser)
    # The clock must not decide what is recorded.
    parser.set_defaults(seconds=0.0, candidates=20, rounds=3)


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.refine import Request

    name, _, qualname = args.function.partition("::")
    if not (name and qualname):
        raise UsageError(f"'{args.function}' names no function.", "Write FILE::QUALNAME.")
    check_writable(args.out)
    path = Path(name).absolute()
    workspace = find_workspace(path)
    request = Request(workspace, path.resolve(), files.read(path).text, qualname)
    settings, problems = flags.read(args, workspace)
    for problem in problems:
        print(f"orps-lsp: {problem}", file=sys.stderr)
    ensure(settings)
    done = interruptible(_record(request, settings, args.out, args.all_rounds))
    if done is None:
        return INTERRUPTED
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
