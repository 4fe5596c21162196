"""Call the function on one input, within a time limit, and say what a caller could see of it.

Kinds of outcomes: "return" and "raise" have a digest; "timeout", "limit" (memory or recursion),
"uncomparable" and "unloadable" have none.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import io
import reprlib
import signal
import sys
from collections.abc import Callable
from typing import Any

from . import canon, probe
from .channel import Message

MAX_PREVIEW = 200

# Bound before candidate code is loaded, which might put others in their place.
_setitimer = signal.setitimer


class _OutOfTime(BaseException):
    """The time limit of a call; no Exception, so that the function's handlers let it pass."""


class Caller:
    """Calls one version of the function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        signal.signal(signal.SIGALRM, _raise_out_of_time)

    def outcome(self, data: bytes, limit: float) -> Message:
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


def _raise_out_of_time(*_: Any) -> None:
    raise _OutOfTime


def _settled(result: Any) -> Any:
    """Run a coroutine to its result, an asynchronous generator to a list."""
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    if inspect.isasyncgen(result):
        return asyncio.run(collected(result))
    return result


async def collected(generator: Any) -> list[Any]:
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
