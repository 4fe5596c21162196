"""Inputs at the edges: recorded calls with empty, extreme and degenerate values in them."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import Any, Dict, Tuple

from ..loading.probe import unpickle

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]

MAX_CALLS = 12  # recorded calls that are varied, the smallest ones
MAX_DEPTH = 4
LONG = 200  # items of a long input
SEED = 0

INTEGERS = (0, 1, -1, 2, -2, 10, 100, 255, 256)
LARGE_INTEGERS = (2**31, 2**53 + 1, 10**18 + 1, -(2**53) - 1)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.1, 1e16, float("nan"), float("inf"), float("-inf"), 1e308, 5e-324)
# Texts that are alike to one method and not to another: cases, digits, blanks, line ends.
LOOKALIKES = (
    ("\u00df", "SS", "ss", "\u1e9e"),
    ("\u0130", "i\u0307", "I", "i"),
    ("\u03c3", "\u03c2", "\u03a3"),
    ("\u00e9", "e\u0301", "\u00c9"),
    ("\u00b2", "2", "\u0662", "\u00bd"),
    ("a b", "a  b", "a\tb", "a\u00a0b", " a b"),
    ("a\nb", "a\r\nb", "a\rb", "a\x0bb", "a\u2028b"),
    ("\U0001f600", "\ufb01", "fi"),
    ("0", "00", "-0", "+1", "1_0", "1.0"),
)


def calls(recorded: Sequence[bytes]) -> Iterator[Call]:
    """Yield calls, the plainest first."""
    smallest = _smallest(recorded)
    yield from _in_turn(_varied(data, values) for data in smallest)
    rng = random.Random(SEED)
    for data in smallest:
        for family in LOOKALIKES:
            call = _replaced(unpickle(data), family, rng)
            if call is not None:
                yield call


def large_calls(recorded: Sequence[bytes]) -> Iterator[Call]:
    """Yield calls with large integers: where those are sizes, a call may not end."""
    return _in_turn(_varied(data, _large) for data in _smallest(recorded))


def _smallest(recorded: Sequence[bytes]) -> list[bytes]:
    return sorted(recorded, key=len)[:MAX_CALLS]


def _in_turn(iterators: Iterator[Iterator[Call]]) -> Iterator[Call]:
    for group in zip_longest(*iterators):
        yield from (call for call in group if call is not None)


def _varied(data: bytes, vary: Callable[[Any], Iterator[Any]]) -> Iterator[Call]:
    """Yield the call with one argument after the other varied."""
    args, kwargs = unpickle(data)
    for number, value in enumerate(args):
        for other in vary(value):
            yield (*args[:number], other, *args[number + 1 :]), kwargs
    for name, value in kwargs.items():
        for other in vary(value):
            yield args, {**kwargs, name: other}


def values(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield values of the same type at the edges of what there may be."""
    kind = type(value)
    if depth > MAX_DEPTH:
        return
    if kind is bool:
        yield not value
    elif kind is int:
        yield from (*INTEGERS, -value, value + 1, value - 1)
    elif kind is float:
        yield from (*FLOATS, -value)
    elif kind is str:
        yield from _texts(value)
    elif kind is bytes:
        yield from (b"", value[:1], value * 2, b"\x00", b"\xff", value[::-1])
    elif kind is list:
        yield from _lists(value, depth)
    elif isinstance(value, tuple):
        yield from _tuples(value, depth)
    elif kind in (set, frozenset):
        items = sorted(value, key=repr)
        yield from (kind(), kind(items[:1]))
        yield from (kind([item, *items[1:]]) for item in _of_first(items, depth))
    elif kind is dict:
        yield from _dicts(value, depth)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _records(value, depth)
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        yield from _arrays(value)
    elif hasattr(value, "iloc"):
        yield from (value.iloc[:0], value.iloc[:1], value.iloc[::-1])


def _large(value: Any, depth: int = 0) -> Iterator[Any]:
    if type(value) is int:
        yield from LARGE_INTEGERS
    elif type(value) is list and value and depth < MAX_DEPTH:
        yield from ([item, *value[1:]] for item in _large(value[0], depth + 1))


def _texts(value: str) -> Iterator[str]:
    yield from ("", value[:1], " ", value * 2, value.swapcase(), value[::-1], f" {value}\t")
    for family in LOOKALIKES:
        yield family[0]
        yield value + family[0] + value
    if value:
        yield value * (1 + LONG // len(value))


def _lists(value: list[Any], depth: int) -> Iterator[list[Any]]:
    yield []
    if not value:
        return
    yield value[:1]
    yield [value[0]] * max(3, len(value))
    yield value[::-1]
    for reverse in (False, True):
        try:
            yield sorted(value, reverse=reverse)
        except Exception:  # without an order
            break
    yield value + value
    for item in _of_first(value, depth):
        yield [item]
        yield [item, *value[1:]]
        yield [*value, item]
    if len(value) < LONG and depth == 0:
        copies = [copy.deepcopy(item) for item in value for _ in range(1 + LONG // len(value))]
        yield copies
        yield [other for item in value for other in _around(item, LONG // len(value))]


def _around(value: Any, number: int) -> Iterator[Any]:
    """Yield values that differ, for a long list in which not all are equal."""
    if type(value) in (int, float):
        return (value + step for step in range(number + 1))
    if type(value) is str:
        return (f"{value}{step}" for step in range(number + 1))
    return chain([value], islice(values(value, MAX_DEPTH), number))


def _tuples(value: tuple[Any, ...], depth: int) -> Iterator[Any]:
    make = getattr(value, "_make", tuple)
    kinds = {type(item) for item in value}
    if type(value) is tuple and len(kinds) == 1 and len(value) > 2:
        yield from map(tuple, _lists(list(value), depth))
        return
    for number, item in enumerate(value):
        for other in values(item, depth + 1):
            yield make([*value[:number], other, *value[number + 1 :]])


def _dicts(value: dict[Any, Any], depth: int) -> Iterator[dict[Any, Any]]:
    yield {}
    yield dict(list(value.items())[:1])
    yield dict(list(value.items())[::-1])
    for key in islice(value, 4):
        for other in values(value[key], depth + 1):
            yield {**value, key: other}
        for other in values(key, depth + 1):
            yield {other: value[key], **value}


def _records(value: Any, depth: int) -> Iterator[Any]:
    for field in dataclasses.fields(value):
        for other in values(getattr(value, field.name, None), depth + 1):
            changed = copy.copy(value)
            object.__setattr__(changed, field.name, other)  # also of a frozen one
            yield changed


def _arrays(value: Any) -> Iterator[Any]:
    yield value[:0].copy()
    yield value[:1].copy()
    yield value[::-1].copy()
    yield value * 0
    if value.dtype.kind in "iuf" and value.size:
        for item in (*INTEGERS, *(FLOATS if value.dtype.kind == "f" else ())):
            changed = value.copy()
            try:
                changed.flat[0] = item
            except OverflowError:
                continue
            yield changed


def _of_first(items: Sequence[Any], depth: int) -> Iterator[Any]:
    return values(items[0], depth + 1) if items else iter(())


def _replaced(call: Call, texts: Sequence[str], rng: random.Random) -> Call | None:
    """Return the call with every text in it replaced; None if there is none."""
    found: list[str] = []

    def visit(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            found.append(value)
            return rng.choice(texts)
        if kind in (list, tuple, set, frozenset):
            return kind(visit(item) for item in value)
        if kind is dict:
            return {visit(key): visit(item) for key, item in value.items()}
        return value

    args, kwargs = call
    changed = visit(args), {name: visit(value) for name, value in kwargs.items()}
    return changed if found else None
