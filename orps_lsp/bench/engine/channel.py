"""The side of a measured child: it answers commands, one JSON line each, until its parent is gone.

Descriptors 0 and 1 are taken away from everything else, because llama.cpp and what loads it print
to, and redirect, standard output.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

Json = dict[str, Any]


def serve(handlers: Mapping[str, Callable[..., Json]]) -> None:
    """Call the handler of each command's ``op`` with the command's other values; never returns.

    An exception of a handler is answered as ``{"error": ...}``. Between commands it sleeps.
    """
    inbox: queue.SimpleQueue[Json] = queue.SimpleQueue()
    source, sink = _take_descriptors()
    threading.Thread(target=_read, args=(source, inbox), daemon=True).start()
    while True:
        message = inbox.get()
        try:
            answer = handlers[message.pop("op")](**message)
        except Exception as error:  # whatever the library raises is the parent's to report
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            sink.write(json.dumps(answer).encode() + b"\n")
            sink.flush()
        except BrokenPipeError:
            os._exit(0)


def _take_descriptors() -> tuple[IO[bytes], IO[bytes]]:
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return source, sink


def _read(source: IO[bytes], inbox: queue.SimpleQueue[Json]) -> None:
    for line in source:
        inbox.put(json.loads(line))
    os._exit(0)  # the parent is gone, or closed the pipe: a measurement is not worth finishing
