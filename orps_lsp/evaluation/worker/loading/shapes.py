"""What arguments look like over many calls: their types, sizes and ranges.

Looks at objects of the user's without running their code: sizes come from the built-in type's own
slots, names of types from ``type`` itself. A shape as it is reported:
    {"type": NAME, "low": NUMBER, "high": NUMBER, "keys": [SHAPE, ...], "of": [SHAPE, ...]}
``low`` to ``high`` are lengths, or the values of numbers; all but the type may be missing.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any, Dict

from ..channel import Message

MAX_SECONDS = 0.5  # for all calls together
MAX_PARAMETERS = 12
MAX_TYPES = 4  # of one parameter, or of the items of one container
MAX_ITEMS = (16, 6, 2)  # that are looked at, by depth
MAX_NUMBER = 10**18
MAX_NAME = 80

_TEXTS = (str, bytes, bytearray)
_SEQUENCES = (list, tuple, set, frozenset, deque)
_OWN = ("self", "cls")

_type_name = type.__dict__["__name__"].__get__  # a metaclass may have another
_clock = time.perf_counter


class Shape:
    """All values of one type that one parameter had, or that the items of a container had."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.low: float | None = None
        self.high: float | None = None
        self.keys: Shapes = {}
        self.items: Shapes = {}

    def extend(self, number: float) -> None:
        """Let the range have a length or a value in it."""
        number = max(-MAX_NUMBER, min(MAX_NUMBER, number))
        self.low = number if self.low is None else min(self.low, number)
        self.high = number if self.high is None else max(self.high, number)

    def report(self) -> Message:
        found: Message = {"type": self.name}
        if self.low is not None:
            found.update(low=self.low, high=self.high)
        if self.keys:
            found["keys"] = [shape.report() for shape in self.keys.values()]
        if self.items:
            found["of"] = [shape.report() for shape in self.items.values()]
        return found


Shapes = Dict[str, Shape]


class Arguments:
    """The shapes of each parameter's arguments, over all calls that there was time to look at."""

    def __init__(self) -> None:
        self._shapes: dict[str, Shapes] = {}
        self._seconds = 0.0

    def add(self, code: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Look at the arguments of a call of the function with this code."""
        if self._seconds > MAX_SECONDS:
            return
        start = _clock()
        try:
            names = code.co_varnames[: code.co_argcount]
            for name, value in [*zip(names, args), *kwargs.items()]:
                if name not in _OWN and (
                    name in self._shapes or len(self._shapes) < MAX_PARAMETERS
                ):
                    _look(value, self._shapes.setdefault(name, {}), 0)
        finally:
            self._seconds += _clock() - start

    def report(self) -> Message:
        """Return the shapes by the parameters' names."""
        return {
            name: [shape.report() for shape in shapes.values()]
            for name, shapes in self._shapes.items()
        }


def _look(value: Any, shapes: Shapes, depth: int) -> None:
    kind = type(value)
    name = _type_name(kind)[:MAX_NAME]
    shape = shapes.get(name)
    if shape is None:
        if len(shapes) >= MAX_TYPES:
            return
        shape = shapes[name] = Shape(name)
    if kind is int or (kind is float and value - value == 0):  # neither infinite nor NaN
        shape.extend(value)
    elif issubclass(kind, _TEXTS):
        shape.extend(_length(value, _TEXTS))
    elif issubclass(kind, _SEQUENCES):
        length = _length(value, _SEQUENCES)
        shape.extend(length)
        if depth < len(MAX_ITEMS):
            _look_into(_spread(value, length, MAX_ITEMS[depth]), shape.items, depth)
    elif issubclass(kind, dict):
        shape.extend(dict.__len__(value))
        _look_into(dict.keys(value), shape.keys, depth)
        _look_into(dict.values(value), shape.items, depth)
    else:
        _look_at_table(value, shape)


def _look_into(items: Iterable[Any], shapes: Shapes, depth: int) -> None:
    if depth < len(MAX_ITEMS):
        for item in islice(iter(items), MAX_ITEMS[depth]):
            _look(item, shapes, depth + 1)


def _spread(value: Any, length: int, most: int) -> Iterable[Any]:
    """Return some of the items, from all over a list: it may be sorted."""
    base = _base(value, _SEQUENCES)
    if base not in (list, tuple) or length <= most:
        return base.__iter__(value)  # type: ignore[no-any-return]
    return [base.__getitem__(value, n * (length - 1) // (most - 1)) for n in range(most)]


def _length(value: Any, kinds: tuple[Any, ...]) -> int:
    # A subclass may have a ``__len__`` of its own, which would run its code.
    return int(_base(value, kinds).__len__(value))


def _base(value: Any, kinds: tuple[Any, ...]) -> Any:
    # Not ``isinstance``: that asks the value for its ``__class__``.
    return next(kind for kind in kinds if issubclass(type(value), kind))


def _look_at_table(value: Any, shape: Shape) -> None:
    """Look at an array or a frame, if the tests have loaded what makes them."""
    kind = type(value)
    if kind is getattr(sys.modules.get("numpy"), "ndarray", None):
        shape.extend(value.size)
        name = str(value.dtype)[:MAX_NAME]
        shape.items.setdefault(name, Shape(name))
        return
    pandas = sys.modules.get("pandas")
    if kind in (getattr(pandas, "DataFrame", None), getattr(pandas, "Series", None)):
        shape.extend(len(value.index))
