"""Larger inputs made from recorded ones, to see what a function costs where it costs something.

Containers and texts become longer by one factor, so that those that belong together stay of equal
length. New items are like the old ones: numbers continue their range, texts keep their punctuation,
what was sorted stays so. Records (objects, mixed tuples) keep their shape and grow inside.
"""

from __future__ import annotations

import copy
import dataclasses
import random
import string
from typing import Any, Dict, Tuple

_ALPHABETS = {
    letter: alphabet
    for alphabet in (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    for letter in alphabet
}

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]

MAX_DEPTH = 6
MAX_ITEMS = 200_000  # of one container or text
MAX_SIZE = 10_000_000  # a number above it is no size of anything
EQUAL = 0.25
SEED = 0


def grow(call: Call, factor: int, integers: bool) -> Call:
    """Return the call with its arguments ``factor`` times as large.

    With ``integers`` numbers that may be sizes (``n``, ``limit``) are multiplied, too.
    """
    args, kwargs = call
    grower = _Grower(factor, integers)
    return tuple(map(grower.grown, args)), {
        key: grower.grown(value) for key, value in kwargs.items()
    }


class _Grower:
    def __init__(self, factor: int, integers: bool) -> None:
        self._factor = factor
        self._integers = integers
        self._rng = random.Random(SEED)

    def grown(self, value: Any, depth: int = 0) -> Any:
        """Return a larger value of the same type; what has no size is returned as is."""
        kind = type(value)
        if depth > MAX_DEPTH:
            return value
        if kind is int and self._integers and 1 < value < MAX_SIZE:
            return value * self._factor
        if kind is str:
            return self._text(value)
        if kind in (bytes, bytearray):
            return value * self._times(value)
        if kind is list or _is_sequence(value):
            return kind(self._items(list(value)))
        if kind in (set, frozenset):
            return kind(self._items(sorted(value, key=repr)))
        if kind is dict:
            return self._dict(value, depth)
        if kind is tuple:
            return tuple(self.grown(item, depth + 1) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._record(value, depth)
        if kind.__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
            return value.repeat(self._times(value))
        return value

    def _times(self, value: Any) -> int:
        return max(1, min(self._factor, MAX_ITEMS // max(1, len(value))))

    def _items(self, items: list[Any]) -> list[Any]:
        """Add varied copies. Some are equal: repeated items are what many functions look for."""
        span = _span(items)
        added = [
            copy.deepcopy(item) if self._rng.random() < EQUAL else self._varied(item, turn, span)
            for turn in range(1, self._times(items))
            for item in items
        ]
        if len(items) > 1 and _is_sorted(items):
            return sorted(items + added)
        self._rng.shuffle(added)
        return items + added

    def _varied(self, value: Any, turn: int, span: int) -> Any:
        """Return a value of the same type and shape, in the ``turn``-th continuation of a range."""
        kind = type(value)
        if kind is int:
            return value + turn * span
        if kind is float:
            return value + turn * span * self._rng.random()
        if kind is str:
            return self._varied_text(value)
        if kind in (list, tuple):
            return kind(self._varied(item, turn, span) for item in value)
        if kind is dict:
            return {key: self._varied(item, turn, span) for key, item in value.items()}
        return copy.deepcopy(value)

    def _varied_text(self, text: str) -> str:
        """Replace letters by letters and digits by digits; the rest is the text's form."""
        return "".join(self._rng.choice(_ALPHABETS.get(letter, letter)) for letter in text)

    def _text(self, text: str) -> str:
        """Repeat the text, every other time with other letters, as further lines or words of it."""
        separator = next((mark for mark in ("\n", ",", " ") if mark in text.strip()), "")
        parts = [text]
        for turn in range(1, self._times(text)):
            parts.append(text if turn % 2 else self._varied_text(text))
        return separator.join(parts)

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        """A dictionary of mixed values is a record; else it gets further keys."""
        kinds = {type(item) for item in value.values()}
        if len(kinds) > 1 or len(value) < 2:
            return {key: self.grown(item, depth + 1) for key, item in value.items()}
        found = dict(value)
        span = _span(list(value))
        for turn in range(1, self._times(value)):
            for key, item in value.items():
                other = self._varied(key, turn, span)
                if type(key) is str and other in found:
                    other = f"{other}{turn}"
                found[other] = self._varied(item, turn, span)
        return found

    def _record(self, value: Any, depth: int) -> Any:
        changed = copy.copy(value)
        for field in dataclasses.fields(value):
            if hasattr(value, field.name):
                # Also for frozen ones: the copy is not yet anybody's.
                grown = self.grown(getattr(value, field.name), depth + 1)
                object.__setattr__(changed, field.name, grown)
        return changed


def _is_sequence(value: Any) -> bool:
    """A tuple of several values of one type is a sequence, any other a record."""
    return type(value) is tuple and len(value) > 2 and len({type(item) for item in value}) == 1


def _is_sorted(items: list[Any]) -> bool:
    try:
        return all(not second < first for first, second in zip(items, items[1:]))
    except Exception:
        return False


def _span(items: list[Any]) -> int:
    """Return how far the numbers among the items, and in them, reach."""
    numbers = list(_numbers(items, 0))
    return int(max(numbers) - min(numbers)) + 1 if numbers else 1


def _numbers(value: Any, depth: int) -> list[Any]:
    if type(value) is int or (type(value) is float and abs(value) < MAX_SIZE):
        return [value]
    if type(value) in (list, tuple) and depth < MAX_DEPTH:
        return [number for item in value for number in _numbers(item, depth + 1)]
    return []
