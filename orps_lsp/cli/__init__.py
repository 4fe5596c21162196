"""The command line. Exit codes: 0 done, 1 failed, 2 wrong usage; results on stdout alone."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from orps_lsp import __version__
from orps_lsp.cli.errors import UsageError
from orps_lsp.errors import OrpsError

# One module each, imported only when it is asked for: an editor waits for `serve`.
_COMMANDS = {
    "refine": "search for better versions of one function",
    "models": "list, fetch and remove models",
    "export": "write searches that were kept, for training",
    "settings": "show what is set for a project, and where",
    "doctor": "say whether this machine is ready, and what would help",
    "bench": "measure the engine, the evidence and the server on this machine",
    "serve": "run the language server (stdio by default)",
}

_INTERRUPTED = 130  # 128 + SIGINT, as shells expect


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="orps-lsp",
        description="Refine Python functions with a local model, verified by your own tests.",
    )
    parser.add_argument("--version", action="version", version=f"orps-lsp {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    given = sys.argv[1:] if arguments is None else arguments
    asked = next((word for word in given if word in _COMMANDS), "")
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary}.".capitalize())
        if name == asked:
            importlib.import_module(f"orps_lsp.cli.{name}").configure(command)
    args = parser.parse_args(arguments)
    try:
        code: int = args.run(args)
        return code
    except OrpsError as error:
        print(f"orps-lsp: {error.message}", file=sys.stderr)
        if error.advice:
            print(f"  {error.advice}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("orps-lsp: interrupted", file=sys.stderr)
        return _INTERRUPTED
