"""One child's private line to the zygote: JSON lines on two pipes, each signed with a token.

The names used after candidate code was loaded are bound here, before, so that a candidate which
patches ``os`` or ``json`` changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Dict

_write = os.write
_read = os.read
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().decode

Message = Dict[str, Any]


class Channel:
    """Sends events and reads requests."""

    def __init__(self, read_fd: int, write_fd: int, token: str) -> None:
        self.fds = (read_fd, write_fd)
        self._token = token

    def send(self, message: Message) -> None:
        data = (self._token + _encode(message) + "\n").encode()
        while data:
            data = data[_write(self.fds[1], data) :]

    def requests(self) -> Iterator[Message]:
        """Yield requests until the zygote closes the pipe."""
        pending = b""
        while True:
            data = _read(self.fds[0], 65536)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                yield _decode(line.decode())
