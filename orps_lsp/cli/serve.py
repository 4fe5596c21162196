"""``orps-lsp serve``: the language server on stdio, or on a TCP port of this machine."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8  # <malloc.h>


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tcp", type=_address, metavar="HOST:PORT", help="listen there instead of on stdio"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from orps_lsp.lsp.server import serve

    _share_heap()
    return serve(args.tcp)


def _share_heap() -> None:
    """Let all threads allocate from one heap: each would keep one of its own, some MiB in all."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # a C library other than glibc
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, not {text!r}")
    return host, int(port)
