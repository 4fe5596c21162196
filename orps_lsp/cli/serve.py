"""``orps-lsp serve``: the language server on stdio, or on a TCP port of this machine."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tcp", type=_address, metavar="HOST:PORT", help="listen there instead of on stdio"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from orps_lsp.lsp.server import serve

    return serve(args.tcp)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, not {text!r}")
    return host, int(port)
