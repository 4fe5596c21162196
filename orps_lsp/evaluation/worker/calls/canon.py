"""A canonical encoding of values: equal bytes for values of the same types and contents.

Values are compared without their ``__eq__``, which candidate code could have written. Types are
exact (``1`` is not ``True`` is not ``1.0``), dictionaries are in order, sets are not, floats to the
bit (but all NaN are one), iterators are consumed. That two parts are one object is part of the
encoding where a caller can tell, that is, where the object can change. What has no contents to
compare raises ``Uncomparable``.
"""

from __future__ import annotations

import collections
import copyreg
import enum
import hashlib
import re
import types
import weakref
from collections.abc import Iterable
from typing import Any

from . import arrays

MAX_ITEMS = 10_000  # of one iterator
MAX_NODES = 300_000  # of one value
MAX_FLOATS = 100_000  # beside one encoding; further ones are in it
INLINE = 64  # longer encodings are replaced by their hash

_DICT_VIEWS: Any = (type({}.keys()), type({}.values()), type({}.items()))
_REFERENCES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_PLAIN = (type(None), bool, str, bytes, type(Ellipsis), type(NotImplemented))
_SCALARS = {type(None), bool, int, str, bytes}  # their repr() tells all of them apart
_CHANGEABLE = (list, dict, set, bytearray, collections.deque)


class Uncomparable(Exception):
    """The value has no contents that could be compared."""


def encode(value: Any) -> bytes:
    """Return the canonical encoding of ``value``.

    Raises:
        Uncomparable: an opaque object is part of it, or it is too large.
    """
    return Encoder().encode(value)


class Encoder:
    """Encodes values that are seen together: what they share is noticed.

    With ``floats_beside`` the encodings hold no floats; ``floats`` does, in their order. ``errors``
    are the exceptions with which iterators ended; ``bounded`` says that one was not consumed to its
    end.
    """

    def __init__(self, floats_beside: bool = False) -> None:
        self.floats: list[float] = []
        self.errors: list[Exception] = []
        self.bounded = False
        self._max_floats = MAX_FLOATS if floats_beside else 0
        self._scalars = _SCALARS if floats_beside else _SCALARS | {float}
        self._nodes = 0
        self._open: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # alive, or others would get their identities
        self._unordered = 0  # how many sets we are in

    def encode(self, value: Any) -> bytes:
        """Return the encoding of ``value``.

        Raises:
            Uncomparable: see the function of this name.
        """
        try:
            return self._encode(value)
        except RecursionError:
            raise Uncomparable("it is nested too deeply") from None

    def _encode(self, value: Any) -> bytes:
        self._count(1)
        kind = type(value)
        if kind in _PLAIN:
            return _token(kind, _plain(value))
        if kind is int:
            return _token(kind, b"%x" % value)
        if kind is float:
            return _token(kind, self._float(value))
        if kind is complex:
            return _token(kind, self._float(value.real) + b"," + self._float(value.imag))
        if isinstance(value, _REFERENCES):
            return _token(kind, self._reference(value))
        if id(value) in self._open:
            return b"<cycle %d>" % (len(self._open) - self._open[id(value)])
        if is_changeable(value):
            number = self._number(value)
            if number is not None:
                return b"<same %d>" % number
        self._open[id(value)] = len(self._open)
        try:
            return _token(kind, b"".join(self._contents(kind, value)))
        finally:
            del self._open[id(value)]

    def _contents(self, kind: type, value: Any) -> Iterable[bytes]:
        if kind in (list, tuple, dict):
            return self._builtin(kind, value)
        if isinstance(value, (set, frozenset)):
            return self._set(value)
        if kind in _DICT_VIEWS:
            return self._all(value)
        if arrays.is_array(kind):
            return self._array(kind, value)
        if arrays.is_table(kind):
            return self._all(arrays.table(value))
        if isinstance(value, BaseException):
            return self._exception(value)
        if hasattr(kind, "__next__"):
            return self._iterator(value)
        parts = _parts(kind, value)
        return self._all(parts) if parts is not None else self._reduced(kind, value)

    def _builtin(self, kind: type, value: Any) -> Iterable[bytes]:
        kinds = set(map(type, value))
        if kind is dict:
            kinds.update(map(type, value.values()))
        if kinds <= self._scalars:
            self._count(len(value))
            try:
                return [repr(value).encode("utf-8", "surrogatepass")]
            except ValueError:  # Python writes no integers of more than 4,300 digits
                pass
        if kind is dict:
            return self._all(part for pair in value.items() for part in pair)
        return self._all(value)

    def _set(self, value: Any) -> list[bytes]:
        state = getattr(value, "__dict__", None)
        self._unordered += 1
        try:
            items = sorted(self._all(value))
        finally:
            self._unordered -= 1
        return items + self._all([state] if state else [])

    def _array(self, kind: type, value: Any) -> list[bytes]:
        owner = arrays.owner(value)
        shared = self._number(owner) if owner is not None else None
        token = b"" if shared is None else b"<view of %d>" % shared
        header, data = arrays.parts(value)
        if isinstance(data, arrays.Floats):
            if self._room(len(data.values)):
                self.floats += data.values
                data = len(data.values)
            else:
                data = data.exact()
        return [token, *self._all([*header, data])]

    def _exception(self, value: BaseException) -> list[bytes]:
        files = [getattr(value, name, None) for name in ("filename", "filename2")]
        cause = type(value.__cause__) if value.__cause__ is not None else None
        return self._all([value.args, files, cause, *_state(vars(value))])

    def _iterator(self, value: Any) -> list[bytes]:
        """Consume it; what it returns or raises at its end is part of it."""
        found: list[bytes] = []
        try:
            while len(found) < MAX_ITEMS:
                found.append(self._encode(next(value)))
            self.bounded = True
        except StopIteration as stop:
            if stop.value is not None:
                found.append(b"returns " + self._encode(stop.value))
        except Uncomparable:
            raise
        except Exception as error:
            self.errors.append(error)
            found.append(b"raises " + self._encode(error))
        return found

    def _reduced(self, kind: type, value: Any) -> list[bytes]:
        """Take the object apart as pickle would."""
        if kind is object:
            raise Uncomparable("'object' has no contents to compare")
        try:
            registered = copyreg.dispatch_table.get(kind)
            reduced = registered(value) if registered else value.__reduce_ex__(4)
        except Exception:
            name = kind.__qualname__
            raise Uncomparable(f"'{name}' has no contents to compare") from None
        if isinstance(reduced, str):
            return [reduced.encode()]
        function, args, state, items, pairs = (tuple(reduced) + (None,) * 5)[:5]
        parts: list[Any] = [function, args]
        if isinstance(state, tuple) and len(state) == 2:  # (__dict__, __slots__)
            parts += [*_state(state[0]), *_state(state[1])]
        else:
            parts += _state(state)
        parts += [list(items or ()), [part for pair in pairs or () for part in pair]]
        return self._all(parts)

    def _reference(self, value: Any) -> bytes:
        name = getattr(value, "__qualname__", value.__name__)
        if isinstance(value, types.FunctionType) and ("<locals>" in name or "<lambda>" in name):
            raise Uncomparable("a function has no contents to compare")
        owner = getattr(value, "__self__", None)
        if owner is not None and not isinstance(owner, types.ModuleType):
            return b"%s of %s" % (name.encode(), self._encode(owner))  # [].append, dict.fromkeys
        return "{}.{}".format(getattr(value, "__module__", ""), name).encode()

    def _all(self, values: Iterable[Any]) -> list[bytes]:
        return [self._encode(value) for value in values]

    def _float(self, value: float) -> bytes:
        if self._room(1):
            self.floats.append(value)
            return b"~"
        return value.hex().encode()

    def _room(self, number: int) -> bool:
        """Say whether floats go beside; not those of sets, which have no order."""
        return not self._unordered and len(self.floats) + number <= self._max_floats

    def _number(self, value: Any) -> int | None:
        """Return which of the objects seen so far this is; None if it is new, or in a set."""
        if self._unordered:
            return None
        number = self._seen.get(id(value))
        if number is None:
            self._seen[id(value)] = len(self._kept)
            self._kept.append(value)
        return number

    def _count(self, number: int) -> None:
        self._nodes += number
        if self._nodes > MAX_NODES:
            raise Uncomparable("it is too large")


def _parts(kind: type, value: Any) -> list[Any] | None:
    """Return the contents of what cannot be pickled; None for other objects."""
    if isinstance(value, weakref.ref):
        return [value()]
    if kind is types.MappingProxyType:
        return [dict(value)]
    if kind is memoryview:
        return [value.format, value.shape, value.readonly, value.obj, value.tobytes()]
    if kind is re.Match:
        return [value.re, value.string, value.pos, value.endpos, value.regs]
    return None


def _state(state: Any) -> list[Any]:
    """Attributes have no order."""
    if type(state) is dict and all(type(key) is str for key in state):
        return [part for key in sorted(state) for part in (key, state[key])]
    return [state]


def is_changeable(value: Any) -> bool:
    """Say whether it matters to a caller that an object is the very same as another."""
    kind = type(value)
    if isinstance(value, _CHANGEABLE) or hasattr(kind, "__next__"):
        return True
    if isinstance(value, (enum.Enum, BaseException)) or not hasattr(value, "__dict__"):
        return False
    parameters: Any = getattr(kind, "__dataclass_params__", None)
    return not getattr(parameters, "frozen", False)


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
