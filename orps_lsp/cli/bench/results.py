"""``orps-lsp bench results``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from orps_lsp.cli import flags
from orps_lsp.cli.bench.common import (
    INTERRUPTED,
    check_writable,
    interruptible,
    positive,
    progress,
    whole,
)
from orps_lsp.cli.models import ensure
from orps_lsp.config import Settings
from orps_lsp.search.methods import METHODS
from orps_lsp.search.types import Part

_T = TypeVar("_T")
_OWN = {"tokens", "seed", "method"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl", help="the tasks")
    flags.add(parser, leave_out=_OWN)
    parser.set_defaults(seconds=0.0, candidates=0)
    parser.add_argument(
        "--methods", type=_several(_method), default=("best_of_n", "chain", "orps"), metavar="A,B"
    )
    parser.add_argument(
        "--ablate",
        type=_several(Part),
        default=(),
        metavar="A,B",
        help=f"parts to be left out of orps, one at a time: {', '.join(p.value for p in Part)}",
    )
    parser.add_argument("--tokens", type=_several(positive), default=(600,), metavar="N,N")
    parser.add_argument("--seeds", type=_several(whole), default=(0,), metavar="N,N")
    parser.add_argument("--limit", type=whole, default=0, metavar="N", help="tasks of each file")
    parser.add_argument("--sample-seed", type=whole, default=0, metavar="N")
    parser.add_argument("--parallel", type=positive, default=4, metavar="N")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the runs are kept"
    )
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE.md",
        help="put the figures into this page, beside those that it has (kept in FILE.json)",
    )
    parser.add_argument("--only-page", action="store_true", help="run nothing, write the page")


def execute(args: argparse.Namespace) -> int:
    from orps_lsp.bench.tasks import results, summary
    from orps_lsp.bench.tasks.matrix import Matrix, execute, load
    from orps_lsp.bench.tasks.runs import Choice

    before = summary.Summary()
    if args.page:
        check_writable(args.page)
        before = summary.read(summary.beside(args.page))
    done: object = True
    if not args.only_page:
        settings = flags.over(Settings(), args, leave_out=_OWN)
        ensure(settings)
        matrix = Matrix(
            files=tuple(args.files),
            methods=args.methods,
            ablations=args.ablate,
            tokens=args.tokens,
            seeds=args.seeds,
            command=_command(args),
        )
        first = args.files[0]
        choice = Choice(first, settings, args.limit, args.sample_seed, args.parallel)

        async def work() -> bool:
            await execute(matrix, choice, args.out, progress())
            return True

        done = interruptible(work())
    found = load(args.out)
    if args.page:
        found = before.and_new(found)
        summary.write(found, summary.beside(args.page))
        old = args.page.read_text("utf-8") if args.page.exists() else ""
        args.page.write_text(results.placed(old, results.page(found)), "utf-8")
    else:
        print(results.page(found))
    return 0 if done else INTERRUPTED


def _command(args: argparse.Namespace) -> str:
    """The command as somebody else would give it: without the places of this machine."""
    from orps_lsp.bench.tasks.runs import named

    words = [named(file) for file in args.files]
    for name in ("methods", "ablate", "tokens", "seeds"):
        values = [str(getattr(value, "value", value)) for value in getattr(args, name)]
        words += [f"--{name}", ",".join(values)] if values else []
    for name in ("limit", "sample_seed", "rounds", "temperature", "model"):
        value = getattr(args, name)
        words += [f"--{name.replace('_', '-')}", str(value)] if value else []
    return shlex.join(["orps-lsp", "bench", "results", *words, "--out", "DIR"])


def _several(kind: Callable[[str], _T]) -> Callable[[str], tuple[_T, ...]]:
    def parse(text: str) -> tuple[_T, ...]:
        return tuple(kind(part) for part in text.split(","))

    return parse


def _method(text: str) -> str:
    if text not in METHODS:
        raise argparse.ArgumentTypeError(f"must be of {', '.join(METHODS)}, not '{text}'")
    return text
