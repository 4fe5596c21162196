"""The worker's canonical encoding, and inputs made by mutation: pure parts, run in our process."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import pathlib
import pickle
import re
import threading
import types
import weakref
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.evaluation.worker.calls import canon
from orps_lsp.evaluation.worker.inputs import mutate


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


def shared(value: object) -> list[object]:
    return [value, value]


def failing(cause: Exception | None) -> Exception:
    error = ValueError("a")
    error.__cause__ = cause
    return error


def returning(value: object) -> Any:
    yield 0
    return value


POINT = Point(1, 2)
UTC = datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)

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
    (shared([]), [[], []]),
    (shared(Point(1, 2)), [Point(1, 2), Point(1, 2)]),
    (failing(None), failing(KeyError())),
    (FileNotFoundError(2, "no", "a"), FileNotFoundError(2, "no", "b")),
    (returning(1), returning(2)),
    (re.match("a", "ab"), re.match("a", "ac")),
    (memoryview(b"ab"), memoryview(b"ac")),
    (pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a")),
    (fractions.Fraction(1, 2), fractions.Fraction(1, 3)),
    (UTC, UTC.replace(tzinfo=None)),
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
    (shared("text"), ["text", "text"]),
    (shared((1, 2)), [(1, 2), (1, 2)]),
    (shared(Frozen("a")), [Frozen("a"), Frozen("a")]),
    (shared(Colour.RED), [Colour.RED, Colour.RED]),
    (returning(1), returning(1)),
    (re.match("a", "ab"), re.match("a", "ab")),
    (weakref.ref(POINT), weakref.ref(POINT)),
    (types.MappingProxyType({1: 2}), types.MappingProxyType({1: 2})),
    (UTC, UTC.replace()),
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


def test_arrays_are_compared_by_what_a_caller_can_tell() -> None:
    numpy = pytest.importorskip("numpy")
    numbers = numpy.arange(4)
    nans = numpy.array([float("nan"), 1.0])
    other_nans = nans.copy()
    other_nans.view(numpy.int64)[0] ^= 1
    assert nans.tobytes() != other_nans.tobytes()
    assert canon.encode(nans) == canon.encode(other_nans)
    masked = numpy.ma.array([1.0, 2.0], mask=[False, True])
    assert canon.encode(masked) == canon.encode(masked.copy())
    record = numpy.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
    assert canon.encode(record) == canon.encode(record.copy())
    pairs = [
        (numpy.array([0.0]), numpy.array([-0.0])),
        (numpy.array([1], ">i4"), numpy.array([1], "<i4")),
        (numpy.array(["1"], object), numpy.array([1], object)),
        (numpy.array(1.5), numpy.float64(1.5)),
        (masked, numpy.ma.array([1.0, 2.0], mask=[True, False])),
        (record, record[["a"]]),
        ([numbers, numbers[:2]], [numbers, numbers[:2].copy()]),
    ]
    for one, other in pairs:
        assert canon.encode(one) != canon.encode(other)


def test_tables_are_compared_by_labels_types_and_values() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert canon.encode(frame) == canon.encode(frame.copy())
    others = [
        frame.set_axis([1, 2]),
        frame[["b", "a"]],
        frame.astype({"a": float}),
        frame.astype({"b": "category"}),
        frame.assign(a=[1, 3]),
        frame.iloc[::-1],
        frame["a"],
        frame["a"].rename("c"),
        frame.index,
    ]
    assert len({canon.encode(value) for value in [frame, *others]}) == len(others) + 1


def test_floats_can_be_put_beside_the_encoding() -> None:
    def encoded(*values: object) -> tuple[bytes, list[float]]:
        encoder = canon.Encoder(floats_beside=True)
        return encoder.encode(list(values)), encoder.floats

    one, floats = encoded(1.5, {"a": 2.5}, (3.5j,))
    assert floats == [1.5, 2.5, 0.0, 3.5]
    assert encoded(7.0, {"a": 8.0}, (9j,))[0] == one
    assert encoded(7.0, {"a": 8}, (9j,))[0] != one
    assert encoded({1.5}) != encoded({2.5}), "a set has no order to compare by"
    assert encoded({1.5})[1] == []


def test_an_iterator_that_goes_on_is_said_to() -> None:
    for iterator, goes_on in ((itertools.count(), True), (iter([1]), False)):
        encoder = canon.Encoder()
        encoder.encode(iterator)
        assert encoder.bounded is goes_on


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
