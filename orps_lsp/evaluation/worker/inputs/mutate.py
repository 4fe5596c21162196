"""New inputs made from recorded ones: of the same types, a little different.

Numbers stay numbers and records keep their shape, so that most of the inputs are in the function's
domain; the caller drops those on which the original raises.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Dict, Tuple

from ..loading.probe import unpickle

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]

MAX_DEPTH = 12
FROM_POOL = 0.15  # of numbers and texts that become another one of the call
MAX_POOL = 30  # items of a container that are looked at
MAX_LENGTH = 5_000  # of a container or a text; longer ones only shrink


def mutations(recorded: Sequence[bytes], seed: int) -> Iterator[Call]:
    """Yield calls without end; the same ``recorded`` and ``seed`` give the same calls."""
    rng = random.Random(seed)
    mutator = _Mutator(rng)
    while True:
        args, kwargs = unpickle(rng.choice(recorded))
        if rng.random() < 0.2:  # an argument of another call, if it is of the same type
            other, _ = unpickle(rng.choice(recorded))
            args = _crossed(rng, args, other)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            args, kwargs = mutator.call(args, kwargs)
        yield args, kwargs


def _crossed(rng: random.Random, args: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    if not args or len(args) != len(other):
        return args
    position = rng.randrange(len(args))
    if type(args[position]) is not type(other[position]):
        return args
    return args[:position] + (other[position],) + args[position + 1 :]


def _scalars(value: Any, found: dict[type, list[Any]], depth: int = 0) -> None:
    """Collect numbers and texts by type: what one argument holds may matter in another."""
    kind = type(value)
    if kind in (int, float, str):
        found.setdefault(kind, []).append(value)
    elif kind in (list, tuple, set, frozenset) and depth < MAX_DEPTH:
        for item in islice(value, MAX_POOL):
            _scalars(item, found, depth + 1)
    elif kind is dict and depth < MAX_DEPTH:
        for key in islice(value, MAX_POOL):
            _scalars(key, found, depth + 1)
            _scalars(value[key], found, depth + 1)


class _Mutator:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._pool: dict[type, list[Any]] = {}

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Change one argument."""
        self._pool.clear()
        _scalars([*args, *kwargs.values()], self._pool)
        keys: list[Any] = list(range(len(args))) + list(kwargs)
        if not keys:
            return args, kwargs
        key = self._rng.choice(keys)
        if isinstance(key, int):
            changed = self.value(args[key])
            return args[:key] + (changed,) + args[key + 1 :], kwargs
        return args, {**kwargs, key: self.value(kwargs[key])}

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a value of the same type; what has no known way to change is returned as is."""
        kind = type(value)
        if depth > MAX_DEPTH or value is None:
            return value
        if kind is bool:
            return not value
        if kind in self._pool and self._rng.random() < FROM_POOL:
            return self._rng.choice(self._pool[kind])
        if kind is int:
            return self._integer(value)
        if kind is float:
            return self._float(value)
        if kind is str:
            return self._text(value)
        if kind is bytes:
            return bytes(self._sequence(list(value), depth, self._byte))
        if kind is list:
            return self._sequence(value, depth, self.value)
        if isinstance(value, tuple):
            return self._tuple(value, depth)
        if kind in (set, frozenset):
            items = sorted(value, key=repr)
            return kind(self._sequence(items, depth, self.value))
        if kind is dict:
            return self._dict(value, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._record(value, depth)
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.ndim:
            return self._array(value, depth)
        return value

    def _integer(self, value: int) -> int:
        small = self._rng.randrange(-9, 10)
        near = (value + 1, value - 1, value * 2, value // 2)
        return self._rng.choice((*near, -value, 0, 1, small))

    def _byte(self, value: int, depth: int = 0) -> int:
        return self._rng.choice(((value + 1) % 256, (value - 1) % 256, 0, 255))

    def _float(self, value: float) -> float:
        if math.isnan(value) or math.isinf(value):
            return self._rng.choice((value, 0.0, 1.0))
        near = value * (1 + self._rng.uniform(-0.5, 0.5))
        whole = float(round(value))
        return self._rng.choice((-value, 0.0, -0.0, near, value + 1.0, value * 2, whole))

    def _text(self, value: str) -> str:
        pick = self._rng.choice
        if not value:
            return pick((" ", "a", "0", "\u00e9"))
        at = self._rng.randrange(len(value))
        edits = [
            value[:at] + value[at + 1 :],
            value[:at],
            value[at:],
            value[::-1],
            value.upper(),
            value.lower(),
            " " + value + " ",
            "",
        ]
        if len(value) < MAX_LENGTH:
            character = pick(value + " \u00e9")
            edits += [value[:at] + character + value[at:], value[: at + 1] + value[at:], value * 2]
        return pick(edits)

    def _sequence(self, items: list[Any], depth: int, change: Any) -> list[Any]:
        """Shuffle, shrink, grow, or change an item."""
        items = list(items)
        rng = self._rng
        if not items:
            return items  # of what type an item would have to be is not known
        at = rng.randrange(len(items))
        edit = rng.randrange(8)
        if edit == 0:
            rng.shuffle(items)
        elif edit == 1:
            del items[at]
        elif edit == 2:
            del items[at:]
        elif edit == 3 and len(items) < MAX_LENGTH:
            items.insert(at, copy.deepcopy(rng.choice(items)))
        elif edit == 4 and len(items) < MAX_LENGTH:
            items += [change(copy.deepcopy(item), depth + 1) for item in items]
        elif edit == 5 and len(items) <= 100:
            items = [change(item, depth + 1) for item in items]
        else:
            items[at] = change(items[at], depth + 1)
        return items

    def _array(self, value: Any, depth: int) -> Any:
        """Take other rows, or change an item; the number of dimensions stays."""
        changed = value.copy()
        if not len(value):
            return changed
        if self._rng.random() < 0.5:
            rows = self._sequence(list(range(len(value))), depth, lambda row, _: row)
            return changed[rows]
        at = self._rng.randrange(value.size)
        changed.flat[at] = self.value(changed.flat[at].item(), depth + 1)
        return changed

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        """A tuple of mixed types is a record and keeps its length; one of equal types is a list."""
        if not value:
            return value
        if type(value) is tuple and len({type(item) for item in value}) == 1 and len(value) > 2:
            return tuple(self._sequence(list(value), depth, self.value))
        items = list(value)
        at = self._rng.randrange(len(items))
        items[at] = self.value(items[at], depth + 1)
        if type(value) is tuple:
            return tuple(items)
        make = getattr(value, "_make", None)
        return make(items) if make is not None else value

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        changed = dict(value)
        if not changed:
            return changed
        key = self._rng.choice(list(changed))
        edit = self._rng.randrange(5)
        if edit == 0:
            del changed[key]
        elif edit == 1:
            pairs = list(changed.items())
            self._rng.shuffle(pairs)
            changed = dict(pairs)
        elif edit == 2:
            changed[self.value(key, depth + 1)] = copy.deepcopy(changed[key])
        else:
            changed[key] = self.value(changed[key], depth + 1)
        return changed

    def _record(self, value: Any, depth: int) -> Any:
        names = [field.name for field in dataclasses.fields(value) if hasattr(value, field.name)]
        if not names:
            return value
        changed = copy.copy(value)
        name = self._rng.choice(names)
        # Also for frozen ones: the copy is not yet anybody's.
        object.__setattr__(changed, name, self.value(getattr(changed, name), depth + 1))
        return changed
