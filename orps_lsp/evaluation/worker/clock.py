"""Measure time and memory of calls."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import itertools
import os
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Dict, Tuple

from . import canon, probe
from .calls import collected
from .channel import Message

# Bound before candidate code is loaded, which might put others in their place.
_cpu_ns = time.process_time_ns

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]


def _share_core() -> None:
    """Run where the other version runs: cores differ in load, clock and caches."""
    with contextlib.suppress(AttributeError, OSError):  # Linux alone has it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Clock:
    """Measures one version of the function on the zygote's inputs."""

    def __init__(self, function: Callable[..., Any], inputs: Sequence[bytes]) -> None:
        self._function = function
        self._inputs = inputs

    def profile(self, indices: list[int]) -> Iterator[Message]:
        yield {"ns": [self._measure([index], 1) for index in indices]}

    def time(self, indices: list[int], repeats: int) -> Iterator[Message]:
        _share_core()
        yield {"ns": self._measure(indices, repeats)}

    def memory(self, indices: list[int]) -> Iterator[Message]:
        calls = self._load(indices, 1)
        run = self._runner()
        gc.collect()
        tracemalloc.start()
        try:
            start = tracemalloc.get_traced_memory()[0]
            run(calls)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        yield {"peak": max(0, peak - start)}

    def _load(self, indices: list[int], repeats: int) -> list[Call]:
        return [probe.unpickle(self._inputs[index]) for _ in range(repeats) for index in indices]

    def _measure(self, indices: list[int], repeats: int) -> int:
        """Return the CPU time of all threads, in ns; arguments are made before the clock starts."""
        warm_up = self._load(indices, repeats // 4)
        calls = self._load(indices, repeats)
        run = self._runner()
        gc.collect()
        gc.disable()
        run(warm_up)  # or a process that ran just before would look faster
        try:
            start = _cpu_ns()
            run(calls)
            return _cpu_ns() - start
        finally:
            gc.enable()

    def _runner(self) -> Callable[[list[Call]], None]:
        """Return a loop over calls that does to each result what a caller has to do."""
        function = self._function
        if inspect.iscoroutinefunction(function):
            loop = asyncio.new_event_loop()

            def run_coroutines(calls: list[Call]) -> None:
                for args, kwargs in calls:
                    loop.run_until_complete(function(*args, **kwargs))

            return run_coroutines
        if inspect.isasyncgenfunction(function):
            loop = asyncio.new_event_loop()

            def run_async_generators(calls: list[Call]) -> None:
                for args, kwargs in calls:
                    loop.run_until_complete(collected(function(*args, **kwargs)))

            return run_async_generators

        def run(calls: list[Call]) -> None:
            for args, kwargs in calls:
                result = function(*args, **kwargs)
                if hasattr(result, "__next__"):
                    deque(itertools.islice(result, canon.MAX_ITEMS), maxlen=0)

        return run
