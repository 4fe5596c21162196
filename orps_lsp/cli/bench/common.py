"""What the benchmarks' commands share: options, Ctrl-C, and where figures go."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from orps_lsp.cli.errors import UsageError
from orps_lsp.cli.signals import interrupts

INTERRUPTED = 130
_T = TypeVar("_T")


class Report(Protocol):
    """What a benchmark found."""

    def to_json(self) -> dict[str, Any]: ...


_R = TypeVar("_R", bound=Report)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`measured` follows."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to this file too")


def check_output(args: argparse.Namespace) -> None:
    """Find out before minutes of work whether their result can be kept."""
    if args.out:
        check_writable(args.out)


def measured(
    args: argparse.Namespace, work: Coroutine[Any, Any, _R], show: Callable[[_R], None]
) -> int:
    """Measure, and give the figures in the form, and to the file, that were asked for."""
    report = interruptible(work)
    if report is None:
        return INTERRUPTED
    text = json.dumps(report.to_json(), indent=2)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")
    if args.json:
        print(text)
    else:
        show(report)
    return 0


def interruptible(work: Coroutine[Any, Any, _T]) -> _T | None:
    """Run ``work``; Ctrl-C or SIGTERM cancels it, so that it ends its children. None: cancelled."""

    async def main() -> _T:
        with interrupts():
            return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        print("orps-lsp: interrupted", file=sys.stderr)
        return None


def progress() -> Callable[[str], None]:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {text}", file=sys.stderr, flush=True)

    return say


def check_writable(path: Path) -> None:
    """Refuse a place where no file can be."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path} is no file that could be written.", "Give another --out.")


def whole(text: str) -> int:
    return _at_least(0, text)


def positive(text: str) -> int:
    return _at_least(1, text)


def several(text: str) -> int:
    return _at_least(2, text)


def _at_least(minimum: int, text: str) -> int:
    if not text.isdecimal() or int(text) < minimum:
        raise argparse.ArgumentTypeError(f"must be a whole number from {minimum} on, not '{text}'")
    return int(text)
