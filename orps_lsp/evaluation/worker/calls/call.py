"""Call the function on one input, within a time limit, and say what a caller could see of it.

Kinds of outcomes: "return" and "raise" have a digest; "timeout", "limit" (memory or recursion),
"uncomparable" and "unloadable" have none.
"""

from __future__ import annotations

import asyncio
import dis
import hashlib
import inspect
import io
import reprlib
import signal
import sys
from collections.abc import Callable
from typing import Any

from ..channel import Message
from ..loading import probe
from . import canon, laziness

MAX_PREVIEW = 200

# Bound before candidate code is loaded, which might put others in their place.
_setitimer = signal.setitimer


class _OutOfTime(BaseException):
    """The time limit of a call; no Exception, so that the function's handlers let it pass."""


class Caller:
    """Calls one version of the function.

    With ``floats_beside`` a digest leaves floats out; they come beside it.
    """

    def __init__(self, function: Callable[..., Any], floats_beside: bool = False) -> None:
        self._function = function
        self._floats_beside = floats_beside
        self._last: tuple[Any, bytes] = (None, b"")
        signal.signal(signal.SIGALRM, _raise_out_of_time)

    def outcome(self, data: bytes, limit: float, closely: bool) -> Message:
        """Call it on a pickled input; ``closely`` also looks at a second call, and at laziness."""
        try:
            args, kwargs = probe.unpickle(data)
        except Exception as error:
            return {"kind": "unloadable", "value": _preview(error)}
        found: Message = {"call": _preview_call(args, kwargs)}
        printed = io.StringIO()
        stdout, sys.stdout = sys.stdout, printed
        try:
            found.update(self._limited(limit, lambda: self._observe(args, kwargs, printed)))
            if closely and found["kind"] == "return":
                again = self._limited(limit, lambda: self._look_again(data))
                if "kind" not in again:
                    found.update(again)
        finally:
            sys.stdout = stdout
        return found

    def _limited(self, limit: float, work: Callable[[], Message]) -> Message:
        # Fires again and again: a bare `except:` in the function may swallow one.
        _setitimer(signal.ITIMER_REAL, limit, 0.1)
        try:
            return work()
        except _OutOfTime:
            return {"kind": "timeout", "value": f"no result in {limit:g} s"}
        except (MemoryError, RecursionError) as error:
            return {"kind": "limit", "value": _preview(error)}
        except canon.Uncomparable as error:
            return {"kind": "uncomparable", "value": str(error)}
        finally:
            _setitimer(signal.ITIMER_REAL, 0)

    def _observe(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], printed: io.StringIO
    ) -> Message:
        """Run the call; digest its result, its arguments afterwards and what it printed."""
        kind, result, lazy = self._call(args, kwargs)
        encoder = canon.Encoder(self._floats_beside)
        parts = [kind.encode(), lazy.encode(), encoder.encode(result)]
        self._last = (result, parts[-1])
        found: Message = {"kind": kind, "value": _preview(result)}
        parts.append(encoder.encode([list(args), kwargs]))
        parts.append(encoder.encode(printed.getvalue()))
        found["digest"] = hashlib.sha256(b"\n".join(parts)).hexdigest()
        if encoder.floats:
            found["floats"] = encoder.floats
        if encoder.bounded:
            found["bounded"] = True
        errors = [result] if kind == "raise" else encoder.errors
        if not all(self._is_deliberate(error) for error in errors):
            found["accident"] = True
        return found

    def _look_again(self, data: bytes) -> Message:
        """Call it once more: it may keep a result, which its caller goes on to change."""
        args, kwargs = probe.unpickle(data)
        _, result, lazy = self._call(args, kwargs)
        first, encoding = self._last
        kept = result is first and canon.is_changeable(first)
        encoder = canon.Encoder(self._floats_beside)
        found: Message = {"repeats": not kept and encoder.encode(result) == encoding}
        if lazy:
            found["taken"] = laziness.taken(self._function, data)
        return found

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, Any, str]:
        """Return "return" or "raise", what came, and how lazily; nothing is left to await."""
        try:
            result = self._function(*args, **kwargs)
            if inspect.iscoroutine(result):
                result = asyncio.run(result)
            lazy = laziness.is_lazy(result)
            if lazy == "async":
                result = asyncio.run(laziness.collected(result))
            return "return", result, lazy
        except (_OutOfTime, MemoryError, RecursionError):
            raise
        except BaseException as error:
            return "raise", error, ""

    def _is_deliberate(self, error: BaseException) -> bool:
        """Say whether a ``raise`` or ``assert`` in the function's own file raised it."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        code = getattr(self._function, "__code__", None)
        if trace is None or code is None:
            return False
        where = trace.tb_frame.f_code
        operation = dis.opname[where.co_code[trace.tb_lasti]]
        return where.co_filename == code.co_filename and operation == "RAISE_VARARGS"


def _raise_out_of_time(*_: Any) -> None:
    raise _OutOfTime


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
