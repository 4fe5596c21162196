"""The worker's canonical encoding, and inputs made by mutation: pure parts, run in our process."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import itertools
import pickle
import threading
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.evaluation.worker import canon, mutate


@dataclasses.dataclass
class Point:
    x: int
    y: Any


@dataclasses.dataclass(frozen=True)
class Frozen:
    name: str


class Pair(NamedTuple):
    a: int
    b: str


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Liar(list):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def attributes(**values: object) -> Any:
    point = Point.__new__(Point)
    for name, value in values.items():
        setattr(point, name, value)
    return point


def cyclic() -> list[object]:
    items: list[object] = [1]
    items.append(items)
    return items


DIFFERENT = [
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    (0.1 + 0.2, 0.3),
    ("a", b"a"),
    ([1], (1,)),
    ([], None),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1, 2}, frozenset({1, 2})),
    ([1, 2], Liar([1, 2])),
    (Liar([1]), Liar([2])),
    (Point(1, 2), Point(1, 3)),
    (Pair(1, "a"), (1, "a")),
    (Colour.RED, Colour.BLUE),
    (ValueError("a"), ValueError("b")),
    (ValueError("a"), KeyError("a")),
    ({1: 2}, collections.OrderedDict({1: 2})),
    (collections.Counter("aab"), collections.Counter("abb")),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    (Slotted(1), Slotted(2)),
    (iter([1, 2]), iter([1, 3])),
    (iter([1]), [1]),
    ((n for n in [1]), iter([1])),
    (int, float),
    (len, max),
    (array.array("i", [1]), array.array("l", [1])),
    ([[1], 2], [1, [2]]),
    ("a,b", ["a", "b"]),
    (range(3), range(4)),
    (cyclic(), [1, [1]]),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=lambda value: type(value).__name__)
def test_values_that_a_caller_can_tell_apart_are_encoded_apart(one: object, other: object) -> None:
    assert canon.encode(one) != canon.encode(other)


EQUAL = [
    (float("nan"), float("nan")),
    ({3, 1, 2}, {2, 3, 1}),
    (collections.Counter("aab"), collections.Counter(["a", "a", "b"])),
    (Point(1, [2]), Point(1, [2])),
    (attributes(x=1, y=2), attributes(y=2, x=1)),
    (Slotted("a"), Slotted("a")),
    (ValueError("a", 1), ValueError("a", 1)),
    (map(abs, [-1, 2]), iter([1, 2])),
    ((n for n in range(3)), (n for n in [0, 1, 2])),
    ({}.keys(), {}.keys()),
    (datetime.date(2024, 1, 2), datetime.date(2024, 1, 2)),
    (cyclic(), cyclic()),
    (10**5000, 10**5000),
    ("\ud800", "\ud800"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=lambda value: type(value).__name__)
def test_values_that_a_caller_cannot_tell_apart_are_encoded_alike(
    one: object, other: object
) -> None:
    assert canon.encode(one) == canon.encode(other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_encodings_are_equal_exactly_if_the_printed_values_are(one: object, other: object) -> None:
    assert (canon.encode(one) == canon.encode(other)) == (repr(one) == repr(other))
    assert canon.encode(one) == canon.encode(pickle.loads(pickle.dumps(one)))


def test_arrays_are_compared_by_type_shape_and_bytes() -> None:
    numpy = pytest.importorskip("numpy")
    ones = numpy.ones((2, 2))
    assert canon.encode(ones) == canon.encode(numpy.ones((2, 2)))
    assert canon.encode(ones) == canon.encode(numpy.asfortranarray(ones))
    others = [numpy.ones(4), numpy.ones((2, 2), int), ones * 2, ones.tolist(), numpy.float64(1)]
    encodings = {canon.encode(value) for value in [ones, *others, 1.0]}
    assert len(encodings) == len(others) + 2


@pytest.mark.parametrize(
    "value",
    [object(), threading.Lock(), lambda: 1, [object()], {"a": threading.Lock()}],
    ids=["object", "lock", "lambda", "nested", "value"],
)
def test_what_has_no_contents_is_not_compared(value: object) -> None:
    with pytest.raises(canon.Uncomparable):
        canon.encode(value)


def test_what_is_too_large_or_too_deep_is_not_compared() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(canon.Uncomparable, match="deep"):
        canon.encode(deep)
    with pytest.raises(canon.Uncomparable, match="large"):
        canon.encode([0] * (canon.MAX_NODES + 1))


def test_iterators_without_end_are_consumed_up_to_a_limit() -> None:
    assert canon.encode(itertools.count()) == canon.encode(iter(range(canon.MAX_ITEMS)))


def test_an_exception_at_an_iterators_end_counts() -> None:
    def numbers(fail: bool) -> Any:
        yield 1
        if fail:
            raise ValueError("no more")

    assert canon.encode(numbers(True)) != canon.encode(numbers(False))


def recorded(*calls: Any) -> list[bytes]:
    return [pickle.dumps((args, {})) for args in calls]


INPUTS = recorded(
    (3, "text", [1, 2, 3], {"k": 1.5}, (1, "r"), {1, 2}),
    (0, "", [], {}, (2, "s"), set()),
    (-7, "\u00e9a", [9], {"m": -0.0, "n": 2.0}, (3, ""), {5}),
)


def take(calls: list[bytes], count: int, seed: int = 0) -> list[tuple[Any, ...]]:
    return [args for args, _ in itertools.islice(mutate.mutations(calls, seed), count)]


def test_the_same_seed_gives_the_same_inputs() -> None:
    assert take(INPUTS, 200, seed=5) == take(INPUTS, 200, seed=5)
    assert take(INPUTS, 200, seed=5) != take(INPUTS, 200, seed=6)


def test_mutated_values_keep_their_types() -> None:
    for number, text, items, table, record, group in take(INPUTS, 1000):
        assert type(number) is int
        assert type(text) is str
        assert type(items) is list
        assert {type(item) for item in items} <= {int}
        assert type(table) is dict
        assert all(type(k) is str and type(v) is float for k, v in table.items())
        assert [type(part) for part in record] == [int, str]
        assert type(group) is set


def test_mutations_reach_the_edges() -> None:
    made = take(INPUTS, 2000)
    assert {0, 1, -1, -3} <= {args[0] for args in made}
    assert any(len(args[2]) > len(set(args[2])) for args in made)
    assert any(args[2] == [] for args in made)
    assert any(args[2] != sorted(args[2]) for args in made)
    assert all(value == value for args in made for value in args[3].values())


def test_records_are_changed_by_field_and_unknown_things_are_left() -> None:
    calls = recorded((Point(1, [2]), Frozen("a"), Pair(1, "b"), Colour.RED, None, True))
    made = take(calls, 400)
    assert {type(args[0]) for args in made} == {Point}
    assert len({args[0].x for args in made}) > 3
    assert len({args[1].name for args in made}) > 3
    assert {type(args[2]) for args in made} == {Pair}
    assert {args[3] for args in made} == {Colour.RED}
    assert {args[4] for args in made} == {None}
    assert {args[5] for args in made} == {True, False}


def test_keyword_arguments_are_mutated_and_calls_without_arguments_repeat() -> None:
    made = itertools.islice(mutate.mutations([pickle.dumps(((), {"n": 5}))], 0), 50)
    assert len({kwargs["n"] for _, kwargs in made}) > 3
    empty = itertools.islice(mutate.mutations([pickle.dumps(((), {}))], 0), 3)
    assert list(empty) == [((), {})] * 3
