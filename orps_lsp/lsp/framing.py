"""The base protocol: messages in a stream of bytes, each behind a header (LSP, "Base Protocol")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

LINE_LIMIT = 8192  # bytes of a header's line
BODY_LIMIT = 1 << 28  # bytes; a larger length is a mistake, and would be waited for in vain
_HEADER_LINES = 32


class BrokenFrame(Exception):
    """The stream cannot be followed any further: nobody knows where the next message begins."""


async def bodies(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the body of each message until the client hangs up.

    Raises:
        BrokenFrame: a header makes no sense.
        IncompleteReadError: the stream ends within a message.
    """
    while (length := await _header(reader)) is not None:
        yield await reader.readexactly(length)


def frame(body: bytes) -> bytes:
    """Return a message with its header."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def _header(reader: asyncio.StreamReader) -> int | None:
    """Return the length of the body that follows; None at the end of the stream."""
    length: int | None = None
    for _ in range(_HEADER_LINES):
        try:
            line = await reader.readline()
        except ValueError:  # longer than the reader's limit
            raise BrokenFrame("A line of a header is too long.") from None
        if not line.endswith(b"\n"):
            return None  # what was begun never ends
        if not line.strip():
            if length is None:
                raise BrokenFrame("A header has no Content-Length.")
            return length
        name, colon, value = line.partition(b":")
        if not colon or len(line) > LINE_LIMIT:
            raise BrokenFrame("A line is no part of a header.")
        if name.strip().lower() == b"content-length":
            length = _length(value.strip())
    raise BrokenFrame("A header does not end.")


def _length(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20 or int(digits) > BODY_LIMIT:
        raise BrokenFrame(f"A Content-Length must be a number up to {BODY_LIMIT}.")
    return int(digits)
