"""Measure time and memory of calls."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import inspect
import os
import pickle
import resource
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import islice
from typing import Any, Dict, Tuple

from ..channel import Message
from ..inputs import grow
from . import canon
from .lines import LineTracer

# Bound before candidate code is loaded, which might put others in their place.
_loads, _dumps = pickle.loads, pickle.dumps
_cpu_ns = time.process_time_ns
_wall_ns = time.perf_counter_ns
_usage = resource.getrusage
_collect, _disable, _enable, _freeze = gc.collect, gc.disable, gc.enable, gc.freeze
_start_tracing, _stop_tracing = tracemalloc.start, tracemalloc.stop
_traced = tracemalloc.get_traced_memory
_get_cores = getattr(os, "sched_getaffinity", None)  # Linux alone has them
_set_cores = getattr(os, "sched_setaffinity", None)
_encode = base64.b64encode

CHEAP_NS = 1_000_000  # calls below that are profiled more than once
PROFILE_PASSES = 3
MAX_GROWN_BYTES = 2 * 1024 * 1024  # of one call

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]


def _share_core() -> None:
    """Run where the other version runs: cores differ in load, clock and caches."""
    if _get_cores and _set_cores:
        with contextlib.suppress(OSError):
            _set_cores(0, {max(_get_cores(0))})


class Clock:
    """Measures one version of the function on the zygote's inputs."""

    def __init__(self, function: Callable[..., Any], inputs: Sequence[bytes]) -> None:
        self._inputs = inputs
        self._function = function
        self._run = _runner(function)

    def profile(self, indices: list[int]) -> Iterator[Message]:
        _collect()
        yield {"ns": [self._profiled(index) for index in indices]}

    def time(self, indices: list[int], repeats: int, warm_up: int) -> Iterator[Message]:
        """Measure ``repeats`` passes over the calls, after ``warm_up`` of them.

        Each call has arguments of its own, made before: it may change them.
        """
        _share_core()
        _collect()
        _freeze()  # or every collection would look through a table that a version keeps
        before, calls = self._load(indices, warm_up), self._load(indices, repeats)
        yield self._timed(before, calls)

    def grow(self, indices: list[int], factor: int, integers: bool) -> Iterator[Message]:
        """Make the calls larger; leave out those that cannot be, or that raise then."""
        found = []
        for index in indices:
            try:
                call = grow.grow(_loads(self._inputs[index]), factor, integers)
                data = _dumps(call, protocol=4)
                if data == self._inputs[index] or len(data) > MAX_GROWN_BYTES:
                    continue
                sample = self._timed([], [call])
            except Exception:
                continue
            found.append({"input": _encode(data).decode(), "ns": _cost(sample)})
        yield {"grown": found}

    def memory(self, indices: list[int]) -> Iterator[Message]:
        self._run(self._load(indices[:1], 1))  # what a version makes once is no cost of its calls
        calls = self._load(indices, 1)
        _collect()
        _start_tracing()
        try:
            start = _traced()[0]
            self._run(calls)
            peak = _traced()[1]
        finally:
            _stop_tracing()
        yield {"peak": max(0, peak - start)}

    def lines(self, indices: list[int], seconds: float) -> Iterator[Message]:
        """Say where the time of one pass over the calls goes."""
        before, calls = self._load(indices[:1], 1), self._load(indices, 1)
        self._run(before)  # what a version makes once is not where the time of its calls goes
        tracer = LineTracer(self._function, seconds)
        tracer.run(lambda: self._run(calls))
        yield tracer.report()

    def _profiled(self, index: int) -> int:
        """Return what one call takes, in ns."""
        best = None
        for _ in range(PROFILE_PASSES):
            taken = _cost(self._timed([], self._load([index], 1)))
            best = taken if best is None else min(best, taken)
            if taken > CHEAP_NS:
                break
        assert best is not None
        return best

    def _load(self, indices: list[int], repeats: int) -> list[Call]:
        return [_loads(self._inputs[index]) for _ in range(repeats) for index in indices]

    def _timed(self, before: list[Call], calls: list[Call]) -> Message:
        """Time the calls, after those that come ``before``."""
        _disable()
        self._run(before)  # or a process that ran just before would look faster
        try:
            start = _Reading()
            self._run(calls)
            return start.passed(_Reading())
        finally:
            _enable()


def _cost(sample: Message) -> int:
    """Return what a sample took, in ns; waiting counts where it is most of it."""
    return int(sample["wall_ns"] if sample["waits"] else sample["cpu_ns"])


def _runner(function: Callable[..., Any]) -> Callable[[list[Call]], None]:
    """Return a loop over calls that does to each result what a caller has to do."""
    if inspect.iscoroutinefunction(function):

        async def await_all(calls: list[Call]) -> None:
            for args, kwargs in calls:
                await function(*args, **kwargs)

        return _completed(await_all)
    if inspect.isasyncgenfunction(function):

        async def collect_all(calls: list[Call]) -> None:
            for args, kwargs in calls:
                await _exhaust(function(*args, **kwargs))

        return _completed(collect_all)

    def run(calls: list[Call]) -> None:
        for args, kwargs in calls:
            result = function(*args, **kwargs)
            if hasattr(result, "__next__"):
                deque(islice(result, canon.MAX_ITEMS), maxlen=0)

    return run


async def _exhaust(generator: Any) -> None:
    taken = 0
    async for _ in generator:
        taken += 1
        if taken >= canon.MAX_ITEMS:
            break


def _completed(
    function: Callable[[list[Call]], Coroutine[Any, Any, None]],
) -> Callable[[list[Call]], None]:
    loop = asyncio.new_event_loop()
    return lambda calls: loop.run_until_complete(function(calls))


class _Reading:
    """The clocks at one moment: CPU time of all threads and of child processes that ended."""

    def __init__(self) -> None:
        children = _usage(resource.RUSAGE_CHILDREN)
        self._switches = _usage(resource.RUSAGE_SELF).ru_nvcsw
        self._wall = _wall_ns()
        self._cpu = _cpu_ns() + int((children.ru_utime + children.ru_stime) * 1e9)

    def passed(self, end: _Reading) -> Message:
        """Return the times in between, and whether the process mostly waited.

        Only one that gives up its core by itself waits. One that others keep from running does not.
        """
        cpu, wall = end._cpu - self._cpu, end._wall - self._wall
        waits = 2 * cpu < wall and end._switches > self._switches
        return {"cpu_ns": cpu, "wall_ns": wall, "waits": waits}
