"""``orps-lsp export traces``: what was kept of searches, for those who train models."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from orps_lsp.cli.errors import UsageError
from orps_lsp.errors import OrpsError
from orps_lsp.quantities import count
from orps_lsp.traces import preferences, steps
from orps_lsp.traces.kept import Kept
from orps_lsp.traces.rows import Json
from orps_lsp.traces.types import Trace

_FORMATS: dict[str, tuple[Callable[[Trace], Iterator[Json]], str]] = {
    "steps": (steps.rows, "path"),
    "preferences": (preferences.rows, "pair"),
}
_HOW = "Set `keep_traces` in your editor's settings, or give `orps-lsp refine` --keep-traces."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export``; once parsed they go to :func:`run`."""
    things = parser.add_subparsers(dest="thing", required=True, metavar="WHAT")
    traces = things.add_parser("traces", help="searches that were kept, as JSON lines")
    what = traces.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--format", choices=_FORMATS, help="labelled steps, or pairs of a better and a worse answer"
    )
    what.add_argument("--delete", action="store_true", help="remove them from this machine instead")
    traces.add_argument("--out", type=Path, metavar="FILE", help="write to a file, not to stdout")
    traces.add_argument(
        "--since",
        type=_moment,
        metavar="DATE",
        help="only searches that ended since, as 2026-01-31",
    )
    traces.add_argument(
        "--workspace", type=Path, metavar="DIR", help="only searches in projects below this folder"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export or delete, and return the exit code: no kept search is no failure.

    Raises:
        UsageError: the output is no place to write to.
        OrpsError: it could not be written, or not deleted.
    """
    kept = Kept()
    if args.delete:
        _delete(kept, args)
        return 0
    if args.out:
        _check(args.out)
    try:
        with _output(args.out) as output:
            told = _write(kept, args, output)
    except BrokenPipeError:
        # Who reads has enough; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        raise OrpsError(f"The export cannot be written: {error}.") from error
    print(told, file=sys.stderr)
    return 0


def _write(kept: Kept, args: argparse.Namespace, output: TextIO) -> str:
    """Write the rows; returns what there is to say about them."""
    rows, noun = _FORMATS[args.format]
    searches = written = 0
    for trace in _selected(kept, args):
        searches += 1
        for row in rows(trace):
            output.write(f"{json.dumps(row, allow_nan=False)}\n")
            written += 1
    if not searches:
        return _nothing(args)
    return f"Exported {count(written, noun)} of {count(searches, 'search', 'searches')}."


def _delete(kept: Kept, args: argparse.Namespace) -> None:
    if args.out:
        raise UsageError("--delete writes nothing.", "Export first, then delete.")
    if args.since or args.workspace:
        removed = kept.remove([trace.id for trace in _selected(kept, args)])
    else:
        removed = kept.clear()
    if removed is None:
        raise OrpsError(
            f"The searches in {kept.path} could not be removed.",
            "Another process may be writing there: try again, or delete the file.",
        )
    print(f"Removed {count(removed, 'search', 'searches')}.", file=sys.stderr)


def _selected(kept: Kept, args: argparse.Namespace) -> Iterator[Trace]:
    folder = args.workspace.resolve() if args.workspace else None
    for trace in kept.read():
        early = args.since and trace.ended_at < args.since.timestamp()
        elsewhere = folder and not Path(trace.workspace).is_relative_to(folder)
        if not early and not elsewhere:
            yield trace


def _nothing(args: argparse.Namespace) -> str:
    if args.since or args.workspace:
        return "No kept search is from there and then."
    return f"No search was kept. {_HOW}"


def _moment(text: str) -> datetime:
    """A date or time in ISO 8601, of the local zone unless it names one."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"'{text}' is no date such as 2026-01-31") from None


def _check(path: Path) -> None:
    """Refuse before the work what would fail after it."""
    if not path.absolute().parent.is_dir() or (path.exists() and not path.is_file()):
        raise UsageError(
            f"The export cannot be written to {path}.", "Name a file in a folder that exists."
        )


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Stdout, or a file that is there as a whole or not at all, and that only the user may read."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    path = path.resolve()  # a symbolic link stays one
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as output:
            yield output
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
