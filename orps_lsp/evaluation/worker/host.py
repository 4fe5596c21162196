"""The job ``host``: import one version of the target's module and call its function on request.

Job: {"kind": "host", "workspace", "file", "text", "qualname", "module", "path": [...], "limits",
      "filter"}
First event: {"done": true, "ready": true} or {"done": true, "ready": false, "message": TEXT}
Requests; the last event of each bears "done":
    {"do": "outcomes", "indices": [...], "limit": SECONDS a call}
        {"outcome": INDEX, "kind", "digest", "call": PREVIEW, "value": PREVIEW} for each
    {"do": "mutate", "indices": [...], "count", "seed", "seconds"}    {"inputs": [BASE64, ...]}
    {"do": "profile", "indices": [...]}                               {"ns": [CPU time a call]}
    {"do": "time", "indices": [...], "repeats"}                       {"ns": CPU time of all}
    {"do": "memory", "indices": [...]}                                {"peak": BYTES}
Indices count the inputs that the zygote was given.

Kinds of outcomes: "return" and "raise" have a digest; "timeout", "limit" (memory or recursion),
"uncomparable" and "unloadable" have none.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import hashlib
import importlib
import inspect
import io
import itertools
import os
import pickle
import random
import reprlib
import signal
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Dict, Tuple

from . import canon, mutate, probe, substitute
from .channel import Channel, Message

MAX_PREVIEW = 200
MUTATION_ATTEMPTS = 20  # per input wanted
MAX_MUTATED_BYTES = 8 * 1024 * 1024

# Bound before candidate code is loaded, which might put others in their place.
_cpu_ns = time.process_time_ns
_clock = time.perf_counter
_setitimer = signal.setitimer

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]


class _OutOfTime(BaseException):
    """The time limit of a call; no Exception, so that the function's handlers let it pass."""


def serve(job: Message, inputs: Sequence[bytes], channel: Channel) -> None:
    """Load the module, then answer requests until the zygote hangs up."""
    os.chdir(job["workspace"])
    sys.path[:] = job["path"]
    capture = probe.Capture()
    capture.install()
    substitution = substitute.Substitution(
        job["file"], job["text"], lambda tree: probe.add_capture(tree, job["qualname"])
    )
    substitution.install()
    _reseed()
    signal.signal(signal.SIGALRM, _raise_out_of_time)
    try:
        importlib.import_module(job["module"])
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:600]
        channel.send({"done": True, "ready": False, "message": message})
        return
    if capture.function is None:
        message = "importing its module does not define the function"
        channel.send({"done": True, "ready": False, "message": message})
        return
    channel.send({"done": True, "ready": True})
    host = Host(capture.function, inputs)
    for request in channel.requests():
        answer = getattr(host, "do_" + request.pop("do"))
        for event in answer(**request):
            channel.send(event)
        channel.send({"done": True})


def _reseed() -> None:
    """Forks share their generators' state, which would make random results look repeatable."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _raise_out_of_time(*_: Any) -> None:
    raise _OutOfTime


def _share_core() -> None:
    """Run where the other version runs: cores differ in load, clock and caches."""
    with contextlib.suppress(AttributeError, OSError):  # Linux alone has it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Host:
    """Calls one version of the function; every ``do_`` method answers one kind of request."""

    def __init__(self, function: Callable[..., Any], inputs: Sequence[bytes]) -> None:
        self._function = function
        self._inputs = inputs

    def do_outcomes(self, indices: list[int], limit: float) -> Iterator[Message]:
        for index in indices:
            outcome = self._outcome(self._inputs[index], limit)
            outcome["outcome"] = index
            yield outcome

    def do_mutate(
        self, indices: list[int], count: int, seed: int, seconds: float
    ) -> Iterator[Message]:
        end = _clock() + seconds
        recorded = [self._inputs[index] for index in indices]
        known = set(recorded)
        found: list[bytes] = []
        size = 0
        made = mutate.mutations(recorded, seed)
        for attempt in range(count * MUTATION_ATTEMPTS):
            if len(found) >= count or size > MAX_MUTATED_BYTES or _clock() > end:
                break
            try:
                data = pickle.dumps(next(made), protocol=4)
            except Exception:
                # The user's classes may refuse a change, which also ends the generator.
                made = mutate.mutations(recorded, seed + 1 + attempt)
                continue
            if data not in known:
                known.add(data)
                found.append(data)
                size += len(data)
        yield {"inputs": [base64.b64encode(data).decode() for data in found]}

    def do_profile(self, indices: list[int]) -> Iterator[Message]:
        yield {"ns": [self._measure([index], 1) for index in indices]}

    def do_time(self, indices: list[int], repeats: int) -> Iterator[Message]:
        _share_core()
        yield {"ns": self._measure(indices, repeats)}

    def do_memory(self, indices: list[int]) -> Iterator[Message]:
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
                    loop.run_until_complete(_collect(function(*args, **kwargs)))

            return run_async_generators

        def run(calls: list[Call]) -> None:
            for args, kwargs in calls:
                result = function(*args, **kwargs)
                if hasattr(result, "__next__"):
                    deque(itertools.islice(result, canon.MAX_ITEMS), maxlen=0)

        return run

    def _outcome(self, data: bytes, limit: float) -> Message:
        try:
            args, kwargs = probe.unpickle(data)
        except Exception as error:
            return {"kind": "unloadable", "value": _preview(error)}
        call = _preview_call(args, kwargs)
        printed = io.StringIO()
        stdout, sys.stdout = sys.stdout, printed
        try:
            kind, value, digest = self._digest(args, kwargs, printed, limit)
        except _OutOfTime:
            return {"kind": "timeout", "call": call, "value": f"no result in {limit:g} s"}
        except (MemoryError, RecursionError) as error:
            return {"kind": "limit", "call": call, "value": _preview(error)}
        except canon.Uncomparable as error:
            return {"kind": "uncomparable", "call": call, "value": str(error)}
        finally:
            _setitimer(signal.ITIMER_REAL, 0)
            sys.stdout = stdout
        return {"kind": kind, "call": call, "value": value, "digest": digest}

    def _digest(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], printed: io.StringIO, limit: float
    ) -> tuple[str, str, str]:
        """Run the call; digest its result, its arguments afterwards and what it printed."""
        # Fires again and again: a bare `except:` in the function may swallow one.
        _setitimer(signal.ITIMER_REAL, limit, 0.1)
        try:
            result = _settled(self._function(*args, **kwargs))
            kind = "return"
        except (_OutOfTime, MemoryError, RecursionError):
            raise
        except BaseException as error:
            result, kind = error, "raise"
        parts = [kind.encode(), _alias(result, args, kwargs), canon.encode(result)]
        value = _preview(result)
        parts.append(canon.encode([list(args), kwargs]))
        parts.append(canon.encode(printed.getvalue()))
        _setitimer(signal.ITIMER_REAL, 0)
        return kind, value, hashlib.sha256(b"\n".join(parts)).hexdigest()


def _settled(result: Any) -> Any:
    """Run a coroutine to its result, an asynchronous generator to a list."""
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    if inspect.isasyncgen(result):
        return asyncio.run(_collect(result))
    return result


async def _collect(generator: Any) -> list[Any]:
    found: list[Any] = []
    async for item in generator:
        found.append(item)
        if len(found) >= canon.MAX_ITEMS:
            break
    return found


_VALUES = (int, float, complex, str, bytes, bool, type(None), tuple, frozenset, type, range)


def _alias(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Say whether the result is one of the arguments itself: a caller may go on to change it."""
    if isinstance(result, _VALUES):
        return b""
    values = list(args) + [kwargs[key] for key in sorted(kwargs)]
    return b"".join(b"=%d" % n for n, value in enumerate(values) if value is result)


_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = MAX_PREVIEW
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = 20


def _preview(value: Any) -> str:
    try:
        text = _repr.repr(value)
    except Exception:
        text = f"<{type(value).__qualname__}>"
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_PREVIEW else text[: MAX_PREVIEW - 1] + "\u2026"


def _preview_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    parts = [_preview(value) for value in args]
    parts += [f"{key}={_preview(value)}" for key, value in kwargs.items()]
    text = ", ".join(parts)
    return text if len(text) <= MAX_PREVIEW else text[: MAX_PREVIEW - 1] + "\u2026"
