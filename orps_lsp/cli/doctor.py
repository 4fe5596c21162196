"""``orps-lsp doctor``: is this machine ready?"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.status import Status as Spinner
from rich.text import Text

from orps_lsp.cli import flags
from orps_lsp.cli.signals import interrupts
from orps_lsp.config import Problem, Settings, find_workspace
from orps_lsp.doctor import Check, Report, Status, examine
from orps_lsp.doctor.types import COMMAND_INDENT

_INTERRUPTED = 130
_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.ERROR: "red"}
_MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.ERROR: "✗"}
_PLAIN_MARKS = {Status.OK: "+", Status.WARNING: "!", Status.ERROR: "x"}
_TITLES = {"llama_cpp": "llama.cpp", "gpu": "graphics card"}
_INDENT = 2
_TITLE_WIDTH = 15
_DOING = {
    "llama_cpp": "loading llama.cpp",
    "gpu": "looking for graphics cards",
    "generation": "trying the model, some seconds",
    "sandbox": "trying the sandboxes",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``doctor``; once parsed they go to :func:`run`."""
    flags.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine the machine and the current folder's project; 0 if refining will work.

    Raises:
        UsageError: a flag's value makes no sense.
    """
    workspace = find_workspace(Path.cwd() / "any.py")
    settings, problems = flags.read(args, workspace)
    # With --json, stdout is for the object alone.
    console = Console(stderr=args.json, highlight=False, markup=False)
    report = asyncio.run(_examine(settings, workspace, problems, _Screen(console, args.json)))
    if report is None:
        print("orps-lsp: interrupted", file=sys.stderr)
        return _INTERRUPTED
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        _conclude(console, report)
    return 0 if report.ready else 1


async def _examine(
    settings: Settings, workspace: Path, problems: tuple[Problem, ...], screen: _Screen
) -> Report | None:
    """Run the checks; None if a signal ended them, and then no child is left."""
    try:
        with interrupts(), screen:
            return await examine(settings, workspace, problems, listen=screen)
    except asyncio.CancelledError:
        return None


class _Screen:
    """Shows what runs on a terminal, and prints each check when it is done."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._spinner = Spinner("", console=console) if console.is_terminal else None

    def __enter__(self) -> None:
        if self._spinner:
            self._spinner.start()

    def __exit__(self, *_: object) -> None:
        if self._spinner:
            self._spinner.stop()

    def __call__(self, name: str, check: Check | None) -> None:
        if check is None:
            if self._spinner:
                self._spinner.update(_DOING.get(name, _title(name)))
        elif not self._quiet:
            _print(self._console, check)


def _print(console: Console, check: Check) -> None:
    head = Text.assemble(
        (f"{_mark(console, check.status)} ", f"bold {_STYLES[check.status]}"),
        f"{_title(check.name):<{_TITLE_WIDTH}}",
    )
    _hanging(console, head, check.found)
    for line in check.advice.splitlines():
        if line.startswith(COMMAND_INDENT):
            # Never wrapped: it is there to be copied.
            console.print(Text(line), soft_wrap=True, style="cyan")
        else:
            _hanging(console, Text(" " * (_INDENT + _TITLE_WIDTH)), line)


def _hanging(console: Console, head: Text, text: str) -> None:
    """Print ``text`` behind ``head``, its further lines below its first where there is room."""
    if not console.is_terminal:
        console.print(Text.assemble(head, text), soft_wrap=True)
        return
    indent = head.cell_len
    lines = Text(text).wrap(console, max(20, console.width - indent))
    console.print(Text.assemble(head, lines[0] if lines else ""), soft_wrap=True)
    for line in lines[1:]:
        console.print(Padding(line, (0, 0, 0, indent)), soft_wrap=True)


def _mark(console: Console, status: Status) -> str:
    unicode = console.encoding.lower().replace("-", "").startswith("utf")
    return (_MARKS if unicode else _PLAIN_MARKS)[status]


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " "))


def _conclude(console: Console, report: Report) -> None:
    errors = sum(check.status is Status.ERROR for check in report.checks)
    if report.ready:
        console.print("Ready: refining works here.")
    else:
        what = "what is" if errors > 1 else "the one thing"
        console.print(
            f"Not ready: correct {what} marked {_mark(console, Status.ERROR)}, and ask again."
        )
