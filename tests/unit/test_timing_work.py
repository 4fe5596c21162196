"""What a sample measures."""

from __future__ import annotations

import pytest

from orps_lsp.evaluation.timing.work import PAIRS, Work, choose

MS = 1_000_000


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({}, None),
        ({0: 10 * MS, 1: 10 * MS}, ((0, 1), 1, 20 * MS)),
        ({0: 1 * MS}, ((0,), 10, 10 * MS)),
        ({0: 40 * MS, 1: 30 * MS, 2: 5 * MS}, ((0, 2), 1, 45 * MS)),
        ({0: 900 * MS, 1: 800 * MS}, ((1,), 1, 800 * MS)),
        ({0: 10}, ((0,), 20_000, 200_000)),
        ({0: 0}, ((0,), 20_000, 0)),
    ],
    ids=["none", "fits", "repeated", "heavy first", "all too heavy", "tiny", "below the clock"],
)
def test_work_takes_a_measurable_and_bearable_time(
    costs: dict[int, int], expected: tuple[tuple[int, ...], int, int] | None
) -> None:
    work = choose(costs, {})
    if expected is None:
        assert work is None
    else:
        assert work is not None
        assert (work.indices, work.repeats, work.expected_ns) == expected


def chosen(costs: dict[int, int], others: dict[int, int]) -> Work:
    work = choose(costs, others)
    assert work is not None
    return work


def test_other_calls_are_made_once_as_far_as_they_fit() -> None:
    work = chosen({0: 4 * MS, 1: 3 * MS}, {2: 2 * MS, 3: 5 * MS, 4: 1 * MS, 5: 1 * MS})
    assert work.indices == (0, 1)
    assert work.first == (1,)
    assert work.once == (0, 2, 4)


def test_without_another_call_before_it_a_call_shows_nothing_by_being_made_once() -> None:
    work = chosen({0: 4 * MS}, {})
    assert (work.first, work.once) == ((), ())


def test_many_small_calls_are_split() -> None:
    work = chosen(dict.fromkeys(range(10), 1000), {})
    assert work.first == (1, 6)
    assert sorted(work.first + work.once) == list(range(10))


def test_of_long_calls_the_first_is_measured_once() -> None:
    work = chosen({0: 80 * MS}, {1: 1})
    assert work.is_long
    assert (work.pairs, work.first, work.once) == (1, (), ())
    assert chosen({0: 40 * MS}, {}).pairs == PAIRS
