"""The statistics of paired timings."""

from __future__ import annotations

import random
import statistics as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import statistics

RATIOS = st.lists(st.floats(0.01, 100), min_size=6, max_size=60)


@given(RATIOS)
def test_the_interval_holds_the_median_and_is_made_of_ratios(ratios: list[float]) -> None:
    median, low, high = statistics.median_interval(ratios)
    assert median == reference.median(ratios)
    assert low <= median <= high
    assert {low, high} <= set(ratios)


@pytest.mark.parametrize(
    ("count", "ranks"),
    [(6, (1, 6)), (7, (1, 7)), (9, (2, 8)), (12, (3, 10)), (20, (6, 15)), (25, (8, 18))],
)
def test_the_interval_has_the_ranks_of_the_sign_test(count: int, ranks: tuple[int, int]) -> None:
    _, low, high = statistics.median_interval([float(n) for n in range(1, count + 1)])
    assert (low, high) == ranks


def test_five_ratios_have_no_interval() -> None:
    with pytest.raises(ValueError, match="5 ratios"):
        statistics.median_interval([1.0] * 5)
    assert statistics.speedup([2.0] * 5) is None


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([2.0] * 7, True),
        ([0.5] * 7, True),
        ([2.0] * 6, False),
        ([2.0] * 6 + [0.5], False),
        ([1.001, 0.999] * 6, True),
        ([1.2, 0.8] * 6, False),
        ([1.2, 0.8] * 12 + [1.0], True),
    ],
    ids=["faster", "slower", "too few", "one against", "no gain", "noisy", "out of pairs"],
)
def test_sampling_stops_when_more_pairs_change_nothing(ratios: list[float], expected: bool) -> None:
    assert statistics.enough(ratios) is expected


def test_equal_versions_are_hardly_ever_claimed_to_be_faster() -> None:
    rng = random.Random(1)
    claims = 0
    for _ in range(400):
        ratios: list[float] = []
        while not statistics.enough(ratios):
            ratios.append(rng.lognormvariate(0, 0.02))
        result = statistics.speedup(ratios)
        assert result is not None
        claims += result.claimed
    assert claims <= 2


def test_a_gain_of_a_tenth_is_nearly_always_claimed() -> None:
    rng = random.Random(2)
    claims = 0
    for _ in range(200):
        ratios: list[float] = []
        while not statistics.enough(ratios):
            ratios.append(1.1 * rng.lognormvariate(0, 0.02))
        result = statistics.speedup(ratios)
        claims += result is not None and result.claimed
    assert claims >= 198


@pytest.mark.parametrize(
    ("speedup", "claimed"),
    [
        (Speedup(1.5, 1.2, 1.8, 7), True),
        (Speedup(1.5, 0.9, 2.5, 7), False),
        (Speedup(1.02, 1.01, 1.03, 25), False),
        (Speedup(1.031, 1.003, 1.056, 14), False),  # measured between two identical versions
    ],
)
def test_a_gain_is_claimed_only_beyond_noise(speedup: Speedup, claimed: bool) -> None:
    assert speedup.claimed is claimed


MS = 1_000_000


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({}, None),
        ({0: 10 * MS, 1: 10 * MS}, ((0, 1), 1, 20 * MS)),
        ({0: 1 * MS}, ((0,), 20, 20 * MS)),
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
    work = statistics.choose_work(costs)
    if expected is None:
        assert work is None
    else:
        assert work == statistics.Work(*expected)
