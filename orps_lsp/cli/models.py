"""``orps-lsp models list|pull|path|remove``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from orps_lsp import models
from orps_lsp.cli.errors import UsageError
from orps_lsp.config import Settings
from orps_lsp.models import PullProgress


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``models``; once parsed they go to :func:`run`."""
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show the catalogue and what is present")
    listing.add_argument("--json", action="store_true", help="print JSON")
    pulling = actions.add_parser("pull", help="download models; go on with broken downloads")
    pulling.add_argument("names", nargs="*", metavar="NAME", default=["auto"], help=_NAME_HELP)
    finding = actions.add_parser("path", help="print where a model's file is")
    finding.add_argument("name", metavar="NAME", nargs="?", default="auto", help=_NAME_HELP)
    removing = actions.add_parser("remove", help="delete a downloaded model")
    removing.add_argument("name", metavar="NAME", help="as `models list` shows it")


_NAME_HELP = "catalogue name, hf:owner/repo/file.gguf, or auto (the default)"


def run(args: argparse.Namespace) -> int:
    """Do what the arguments say, and return the exit code.

    Raises:
        UsageError: nothing goes by the name given.
        ModelError: it could not be done.
    """
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "list": _list,
        "pull": _pull,
        "path": _path,
        "remove": _remove,
    }
    try:
        actions[args.action](args)
    except models.UnknownModel as error:
        raise UsageError(error.message, error.advice) from error
    return 0


def pull_with_progress(name: str, console: Console) -> Path:
    """Fetch a model, showing a bar on a terminal and a line every ten percent elsewhere.

    Raises:
        ModelError: as :func:`orps_lsp.models.pull`.
    """
    if not console.is_terminal:
        return models.pull(name, _Lines(console))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, expand=True, transient=True) as bar:
        return models.pull(name, _Bar(bar))


def ensure(settings: Settings) -> None:
    """Fetch the model that ``settings`` name if it is not here: a first run needs no other command.

    Raises:
        ModelError: as :func:`orps_lsp.models.pull`.
    """
    if settings.engine == "llama_cpp" and not models.resolve(settings.model).present:
        pull_with_progress(settings.model, Console(stderr=True))


def _pull(args: argparse.Namespace) -> None:
    console = Console(stderr=True)
    for name in args.names:
        print(pull_with_progress(name, console))


def _path(args: argparse.Namespace) -> None:
    target = models.resolve(args.name)
    if not target.present:
        raise models.ModelError(
            f"'{target.name}' is not on this machine.",
            f"`orps-lsp models pull {target.name}` gets it.",
        )
    print(target.path)


def _remove(args: argparse.Namespace) -> None:
    freed = models.remove(args.name)
    print(f"Removed {args.name}, {decimal(freed)} freed." if freed else f"{args.name} is not here.")


def _list(args: argparse.Namespace) -> None:
    rows = models.overview()
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("Model", overflow="fold")
    for heading in ("Params", "File", "Memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("Licence", "State"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        known = row["memory_mb"] is not None
        states = [state for state in ("present", "default") if row[state]]
        table.add_row(
            row["name"],
            f"{row['parameters_billions']:g} B" if known else "",
            ("" if row["size_exact"] else "~") + decimal(row["size_bytes"]),
            decimal(row["memory_mb"] << 20) if known else "",
            row["licence"] or "",
            ", ".join(states),
        )
    Console(markup=False, highlight=False).print(table)
    print(f"\nFiles are in {models.models_dir()}")


def _describe(progress: PullProgress) -> str:
    """Say what a pull is doing, for people."""
    doing = {
        "waiting": f"{progress.model}: another process is downloading it, waiting",
        "asking": f"{progress.model}: asking {progress.source}",
        "downloading": f"{progress.model} from {progress.source}",
        "joining": f"{progress.model}: joining the parts",
        "verifying": f"{progress.model}: checking the hash",
    }
    return doing[progress.phase]


class _Bar:
    """Shows each step of a pull as a bar of its own, one after the other."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)
        self._doing = ""

    def __call__(self, progress: PullProgress) -> None:
        doing = _describe(progress)
        if doing != self._doing:
            self._doing = doing
            # What an earlier pull left must not count as speed.
            self._bar.reset(self._task, description=doing, completed=progress.done)
        self._bar.update(self._task, completed=progress.done, total=progress.total or None)


@dataclass
class _Lines:
    """Writes a line for each step of a pull and each tenth of its download."""

    console: Console
    _doing: str = ""
    _tenth: int = -1

    def __call__(self, progress: PullProgress) -> None:
        doing = _describe(progress)
        loading = progress.phase == "downloading" and progress.total > 0
        tenth = 10 * progress.done // progress.total if loading else -1
        if (doing, tenth) == (self._doing, self._tenth):
            return
        self._doing, self._tenth = doing, tenth
        amount = f": {10 * tenth} % of {decimal(progress.total)}" if loading else ""
        self.console.print(f"{doing}{amount}", markup=False, highlight=False, soft_wrap=True)
