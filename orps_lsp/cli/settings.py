"""``orps-lsp settings``: what is in force for a project, and where it was set."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from orps_lsp.config import Origin, Settings, find_workspace, read_workspace


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), help="a file or folder of the project"
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument(
        "--schema", action="store_true", help="print a JSON schema of [tool.orps] instead"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the settings. What an editor or a flag sets comes on top of these."""
    if args.schema:
        from orps_lsp.settings_docs import pyproject_schema

        print(json.dumps(pyproject_schema(), indent=2))
        return 0
    path: Path = args.path.absolute()
    workspace = find_workspace(path / "_" if path.is_dir() else path)
    settings, problems = read_workspace(workspace)
    for problem in problems:
        print(f"orps-lsp: {problem}", file=sys.stderr)
    rows = {
        item.name: _row(item.default, getattr(settings, item.name)) for item in fields(Settings)
    }
    if args.json:
        wrong = [problem.message for problem in problems]
        data = {"workspace": str(workspace), "settings": rows, "problems": wrong}
        print(json.dumps(data, indent=2))
        return 0
    print(f"Settings in {workspace}; editors and flags may set others.")
    for name, row in rows.items():
        value = f"{name} = {json.dumps(row['value'])}"
        changed = row["value"] != row["default"]
        note = f"  # {row['origin']}; default {json.dumps(row['default'])}" if changed else ""
        print(value + note)
    return 0


def _row(default: Any, value: Any) -> dict[str, Any]:
    origin = "default" if value == default else Origin.WORKSPACE.value
    return {"value": value, "default": default, "origin": origin}
