"""What SIGINT and SIGTERM do to a command that runs in an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interrupts(act: Callable[[], object] | None = None) -> Iterator[None]:
    """Let the signals call ``act`` within the block; without one they cancel the current task."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, act or task.cancel)
    except NotImplementedError:  # event loops of Windows have none: KeyboardInterrupt ends it there
        yield
        return
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
