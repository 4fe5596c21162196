"""Frames of the device protocol: two bytes that say how long the payload is, then the payload."""

from __future__ import annotations

from collections.abc import Iterable

HEADER_BYTES = 2
MAX_PAYLOAD = 256**HEADER_BYTES - 1


class FrameError(ValueError):
    """What came in is no whole number of frames."""


def join_frames(payloads: Iterable[bytes]) -> bytes:
    """Return the frames of the payloads, one after the other.

    Raises:
        FrameError: a payload is too long for its header.
    """
    parts = []
    for payload in payloads:
        if len(payload) > MAX_PAYLOAD:
            raise FrameError(f"a payload of {len(payload)} bytes is too long")
        parts.append(len(payload).to_bytes(HEADER_BYTES, "big") + payload)
    return b"".join(parts)


def split_frames(received: bytes) -> list[bytes]:
    """Return the payloads of all frames that were received.

    Raises:
        FrameError: the last frame is cut off.
    """
    payloads: list[bytes] = []
    while received:
        header = received[:HEADER_BYTES]
        if len(header) < HEADER_BYTES:
            raise FrameError("the header is cut off")
        length = int.from_bytes(header, "big")
        payload = received[HEADER_BYTES : HEADER_BYTES + length]
        if len(payload) < length:
            raise FrameError(f"{length - len(payload)} bytes are missing")
        payloads = payloads + [payload]
        received = received[HEADER_BYTES + length :]
    return payloads
