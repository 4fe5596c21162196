"""Recorded arguments made larger: of the same types, and in a form that the function knows."""

from __future__ import annotations

import array
import re
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.evaluation.worker.inputs.grow import grow


def larger(value: Any, factor: int = 8, integers: bool = False) -> Any:
    (found,), kwargs = grow(((value,), {}), factor, integers)
    assert kwargs == {}
    return found


@pytest.mark.parametrize(
    "value", [[3, 1, 2], (3, 1, 2), "abc", b"abc", {3, 1, 2}, frozenset(["ab", "cd"]), {1: 2, 3: 4}]
)
def test_containers_and_texts_become_longer(value: Any) -> None:
    found = larger(value)
    assert type(found) is type(value)
    assert len(found) > 3 * len(value)


def test_lists_that_belong_together_stay_of_equal_length() -> None:
    (names, values), _ = grow(((["a", "b"], [1.5, 0.5]), {}), 100, False)
    assert len(names) == len(values) == 200


Point = namedtuple("Point", "x y z")


@pytest.mark.parametrize(
    "value",
    [None, True, 2.5, [], "", {}, object, 3, (1, 2), Point(1, 2, 3), array.array("i", [1, 2])],
)
def test_what_has_no_size_stays(value: Any) -> None:
    assert larger(value) == value
    assert type(larger(value)) is type(value)


def test_numbers_grow_only_if_they_may_be_sizes() -> None:
    assert larger(5, integers=True) == 40
    assert larger(True, integers=True) is True
    assert [larger(n, integers=True) for n in (0, 1, -3, 10**9)] == [0, 1, -3, 10**9]


def test_what_was_sorted_stays_sorted() -> None:
    assert larger([1, 4, 9]) == sorted(larger([1, 4, 9]))
    assert larger(["a", "b"]) == sorted(larger(["a", "b"]))
    assert larger([3, 1, 2]) != sorted(larger([3, 1, 2]))


def test_new_numbers_continue_the_range_and_some_are_repeated() -> None:
    found = larger([5, 7, 6], factor=100)
    assert min(found) == 5
    assert 100 < len(set(found)) < 300
    assert max(found) < 5 + 3 * 100


def test_texts_keep_their_form() -> None:
    lines = larger("x = 12;\ny = 34;").split("\n")
    assert len(lines) == 16
    assert all(re.fullmatch(r"[a-z] = \d\d;", line) for line in lines)


def test_items_keep_their_shape() -> None:
    rows = larger([{"name": "ab", "tags": [1, 2]}, {"name": "cd", "tags": []}])
    assert {len(row["name"]) for row in rows} == {2}
    assert {len(row["tags"]) for row in rows} == {0, 2}


@dataclass(frozen=True)
class Basket:
    owner: str
    items: tuple[int, ...]
    limit: int


def test_records_grow_inside() -> None:
    basket = Basket("", (3, 1, 2), 4)
    found = larger(basket)
    assert (found.owner, len(found.items), found.limit) == ("", 24, 4)
    assert basket.items == (3, 1, 2)
    assert len(larger({"items": [3, 1], "limit": 4})["items"]) == 16


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES, st.integers(2, 16), st.booleans())
def test_any_value_grows_to_one_of_its_type_and_always_to_the_same(
    value: Any, factor: int, integers: bool
) -> None:
    found = larger(value, factor, integers)
    assert type(found) is type(value)
    assert repr(larger(value, factor, integers)) == repr(found)
    if isinstance(value, (str, list)):
        assert len(found) >= len(value)
