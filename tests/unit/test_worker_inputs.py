"""Inputs at the edges, laziness, and what is kept between calls: pure parts, run in our process."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orps_lsp.evaluation.worker.calls import keeping, laziness, prove
from orps_lsp.evaluation.worker.inputs import edges, invent


def recorded(*calls: tuple[Any, ...]) -> list[bytes]:
    return [pickle.dumps((args, {})) for args in calls]


def first_arguments(made: Iterator[Any]) -> list[Any]:
    return [args[0] for args, _ in made]


def test_edges_of_numbers_come_with_the_large_ones_apart() -> None:
    plain = first_arguments(edges.calls(recorded((5,))))
    large = first_arguments(edges.large_calls(recorded((5,))))
    assert {0, 1, -1, -5, 4, 6} <= set(plain)
    assert min(map(abs, large)) > max(map(abs, plain))


def test_edges_of_lists_are_empty_equal_sorted_reversed_and_long() -> None:
    made = first_arguments(edges.calls(recorded(([3, 1, 2],))))
    for wanted in ([], [3], [3, 3, 3], [1, 2, 3], [3, 2, 1], [2, 1, 3], [3, 1, 2, 3, 1, 2]):
        assert wanted in made
    long = [value for value in made if len(value) > 100]
    assert any(len(set(value)) > 50 for value in long)
    assert any(len(set(value)) == 3 for value in long)


def test_edges_of_texts_hold_what_methods_tell_apart() -> None:
    made = first_arguments(edges.calls(recorded(("word",))))
    assert {"", "w", "WORD", "wordword"} <= set(made)
    assert any(text.lower() != text.casefold() for text in made)
    assert any(text.isdigit() and not text.isdecimal() for text in made)
    assert any(text.splitlines() != text.split("\n") for text in made if text)
    assert any(text.split() != text.split(" ") for text in made if text)


def test_edges_reach_into_records_and_tables_and_keep_their_types() -> None:
    for (table, pair), _ in edges.calls(recorded(({"a": 1.5}, (1, "b")))):
        assert type(table) is dict
        assert all(type(value) is float for value in table.values())
        assert [type(part) for part in pair] == [int, str]


def test_inputs_are_unlike_each_other_and_the_recorded_ones() -> None:
    calls = recorded(([1, 2], 3))
    made = invent.mutations(calls, 100, 0, 10.0)
    assert len(set(made)) == len(made) == 100
    assert not set(made) & set(calls)
    assert invent.mutations([], 100, 0, 10.0) == []


def lazy(xs: Any) -> Iterator[Any]:
    yield from xs


def eager(xs: Any) -> Iterator[Any]:
    yield from list(xs)


def ahead(xs: Any) -> Iterator[Any]:
    return iter(list(xs))


async def asynchronous(xs: Any) -> Any:
    for x in xs:
        yield x


@pytest.mark.parametrize(
    ("function", "taken"),
    [
        (lazy, [0, 1, 2, 3]),
        (eager, [0, 3, 3, 3]),
        (ahead, [3, 3, 3, 3]),
        (asynchronous, [0, 1, 2, 3]),
        (lambda xs: (xs[n] for n in range(3)), None),
    ],
)
def test_how_much_was_read_is_counted(function: Callable[..., Any], taken: list[int]) -> None:
    assert laziness.taken(function, recorded(([7, 8, 9],))[0]) == [taken]


def test_every_list_is_tried_as_an_iterator_by_itself() -> None:
    def chained(xs: Any, n: int, ys: Any) -> Iterator[Any]:
        yield from xs
        yield from ys

    call = pickle.dumps((([1], 5), {"ys": (2, 3)}))
    assert laziness.taken(chained, call) == [[0, 1, 1, 1], [0, 0, 1, 2]]


def module_of(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "made", "functools": functools}
    exec(text, namespace)
    return namespace


KEEPERS = [
    "known = {}\ndef f(n):\n    known[n] = 1\n",
    "def g(n, known=[]):\n    known.append(n)\ndef f(n):\n    g(n)\n",
    "def g(n, *, known={}):\n    known[n] = 1\ndef f(n):\n    g(n)\n",
    "@functools.lru_cache\ndef g(n):\n    return n\ndef f(n):\n    return g(n)\n",
    "def f(n):\n    f.known = [*getattr(f, 'known', []), n]\n",
    "class A:\n    known = []\ndef f(n):\n    A.known.append(n)\n",
    "class A:\n    @classmethod\n    @functools.lru_cache\n    def g(cls, n):\n        return n\n"
    "def f(n):\n    return A.g(n)\n",
    "def make():\n    known = set()\n    def f(n):\n        known.add(n)\n    return f\n"
    "f = make()\n",
]


@pytest.mark.parametrize("text", KEEPERS)
def test_what_grows_from_call_to_call_is_found(text: str) -> None:
    function = module_of(text)["f"]
    function(0)
    before = keeping.sizes(function)
    function(1)
    function(2)
    grown = keeping.growth(before, keeping.sizes(function))
    assert [after - size for size, after in grown.values()] == [2]


def test_a_table_that_is_built_once_does_not_grow() -> None:
    text = "table = []\ndef f(n):\n    if not table:\n        table.extend(range(9))\n"
    function = module_of(text)["f"]
    function(0)
    before = keeping.sizes(function)
    function(1)
    assert keeping.growth(before, keeping.sizes(function)) == {}


@pytest.mark.parametrize(
    ("arguments", "annotation"),
    [
        (([1, 2],), "typing.List[int]"),
        (([],), None),
        (({"a": 1.5},), "typing.Dict[str, float]"),
        (((1, "a"),), "typing.Tuple[int, str]"),
        ((object,), None),
    ],
)
def test_types_for_crosshair_come_from_recorded_calls(
    arguments: tuple[Any, ...], annotation: Any
) -> None:
    def function(argument):  # type: ignore[no-untyped-def]
        return argument

    signature = prove.typed(function, [(arguments, {})])
    found = signature and str(signature.parameters["argument"].annotation)
    assert found == annotation


def test_crosshair_is_not_asked_about_what_it_does_not_follow() -> None:
    assert prove.typed(lazy, [(([1],), {})]) is None
    assert prove.typed(asynchronous, [(([1],), {})]) is None
