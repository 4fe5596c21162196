"""Settings as flags of a command, the same for all commands that take them."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from orps_lsp.cli.errors import UsageError
from orps_lsp.config import Origin, Problem, Settings, parse, read_workspace

_NAMES = (
    *("seconds", "candidates", "rounds", "tokens", "seed", "temperature"),
    *("model", "threads", "context", "gpu_layers", "flash_attention", "method"),
    *("python", "sandbox", "engine", "endpoint", "concurrency", "script", "keep_traces"),
)


def add(parser: argparse.ArgumentParser, leave_out: Collection[str] = ()) -> None:
    """Add ``--seconds`` and the others; what is not given stays as it is set elsewhere."""
    docs = {item.name: item.metadata["doc"] for item in fields(Settings)}
    kinds = get_type_hints(Settings)
    for name in _NAMES:
        if name in leave_out:
            continue
        flag = f"--{name.replace('_', '-')}"
        if kinds[name] is bool:
            switch = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=switch, default=None, help=docs[name])
        else:
            parser.add_argument(flag, type=kinds[name], help=docs[name])


def read(args: argparse.Namespace, workspace: Path) -> tuple[Settings, tuple[Problem, ...]]:
    """Return defaults, the workspace's settings over them, the flags over those.

    The problems are the workspace's.

    Raises:
        UsageError: a flag's value makes no sense.
    """
    settings, problems = read_workspace(workspace)
    return over(settings, args), problems


def over(settings: Settings, args: argparse.Namespace, leave_out: Collection[str] = ()) -> Settings:
    """Lay the flags over ``settings``.

    Raises:
        UsageError: a flag's value makes no sense.
    """
    named = {name: getattr(args, name) for name in _NAMES if name not in leave_out}
    given = {name: value for name, value in named.items() if value is not None}
    settings, faults = parse(given, Origin.COMMAND_LINE, settings)
    if faults:
        raise UsageError(" ".join(fault.message for fault in faults))
    return settings
