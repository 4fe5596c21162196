"""A canonical encoding of values: equal bytes for values of the same types and contents.

Values are compared without their ``__eq__``, which candidate code could have written. Types are
exact (``1`` is not ``True`` is not ``1.0``), dictionaries are in order, sets are not, floats to the
bit, iterators are consumed. What has no contents to compare raises ``Uncomparable``.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterable
from itertools import islice
from typing import Any

MAX_ITEMS = 10_000  # of one iterator
MAX_NODES = 300_000  # of one value
INLINE = 64  # longer encodings are replaced by their hash

_DICT_VIEWS: Any = (type({}.keys()), type({}.values()), type({}.items()))
_REFERENCES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_PLAIN = (type(None), bool, str, bytes, type(Ellipsis), type(NotImplemented))


class Uncomparable(Exception):
    """The value has no contents that could be compared."""


def encode(value: Any) -> bytes:
    """Return the canonical encoding of ``value``.

    Raises:
        Uncomparable: an opaque object is part of it, or it is too large.
    """
    try:
        return _Encoder().encode(value)
    except RecursionError:
        raise Uncomparable("it is nested too deeply") from None


class _Encoder:
    def __init__(self) -> None:
        self._nodes = 0
        self._open: dict[int, int] = {}

    def encode(self, value: Any) -> bytes:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Uncomparable("it is too large")
        kind = type(value)
        if kind in _PLAIN:
            return _token(kind, _plain(value))
        if kind is int:
            return _token(kind, b"%x" % value)
        if kind is float:
            return _token(kind, value.hex().encode())
        if kind is complex:
            return _token(kind, (value.real.hex() + value.imag.hex()).encode())
        if isinstance(value, _REFERENCES):
            return _token(kind, _reference(value))
        if id(value) in self._open:
            return b"<cycle %d>" % (len(self._open) - self._open[id(value)])
        self._open[id(value)] = len(self._open)
        try:
            return _token(kind, b"".join(self._contents(kind, value)))
        finally:
            del self._open[id(value)]

    def _contents(self, kind: type, value: Any) -> Iterable[bytes]:
        if kind in (list, tuple) or kind in _DICT_VIEWS:
            return self._all(value)
        if kind is dict:
            return self._all(part for pair in value.items() for part in pair)
        if isinstance(value, (set, frozenset)):
            state = getattr(value, "__dict__", None)
            return sorted(self._all(value)) + self._all([state] if state else [])
        if _is_array(kind):
            data = value.tolist() if value.dtype.hasobject else value.tobytes()
            return self._all([value.dtype.str, value.shape, data])
        if isinstance(value, BaseException):
            return self._all([value.args, *self._state(vars(value))])
        if hasattr(kind, "__next__"):
            return self._iterator(value)
        return self._reduced(kind, value)

    def _all(self, values: Iterable[Any]) -> list[bytes]:
        return [self.encode(value) for value in values]

    def _state(self, state: Any) -> list[Any]:
        """Attributes have no order."""
        if type(state) is dict and all(type(key) is str for key in state):
            return [part for key in sorted(state) for part in (key, state[key])]
        return [state]

    def _iterator(self, value: Any) -> list[bytes]:
        """Consume it; an exception at its end is part of it."""
        found = []
        try:
            for item in islice(value, MAX_ITEMS):
                found.append(self.encode(item))
        except Uncomparable:
            raise
        except Exception as error:
            found.append(b"raises " + self.encode(error))
        return found

    def _reduced(self, kind: type, value: Any) -> list[bytes]:
        """Take the object apart as pickle would."""
        if kind is object:
            raise Uncomparable("'object' has no contents to compare")
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            name = kind.__qualname__
            raise Uncomparable(f"'{name}' has no contents to compare") from None
        if isinstance(reduced, str):
            return [reduced.encode()]
        function, args, state, items, pairs = (tuple(reduced) + (None,) * 5)[:5]
        parts: list[Any] = [function, args]
        parts += self._state(state)
        if isinstance(state, tuple) and len(state) == 2:  # (__dict__, __slots__)
            parts = [function, args, *self._state(state[0]), *self._state(state[1])]
        parts += [list(items or ()), [part for pair in pairs or () for part in pair]]
        return self._all(parts)


def _token(kind: type, contents: bytes) -> bytes:
    if len(contents) > INLINE:
        contents = hashlib.sha256(contents).digest()
    plain = kind.__module__ in ("builtins", "itertools") and kind is not types.GeneratorType
    if plain and hasattr(kind, "__next__"):
        name = "iterator"  # of a list, a map, a zip: to a caller they are the same
    else:
        name = f"{kind.__module__}.{kind.__qualname__}"
    return b"%s(%d:%s)" % (name.encode(), len(contents), contents)


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")


def _reference(value: Any) -> bytes:
    name = getattr(value, "__qualname__", value.__name__)
    if isinstance(value, types.FunctionType) and ("<locals>" in name or "<lambda>" in name):
        raise Uncomparable("a function has no contents to compare")
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType):
        return b"%s of %s" % (name.encode(), encode(owner))  # [].append, dict.fromkeys
    return "{}.{}".format(getattr(value, "__module__", ""), name).encode()


def _is_array(kind: type) -> bool:
    return kind.__module__ == "numpy" and hasattr(kind, "tobytes") and hasattr(kind, "dtype")
