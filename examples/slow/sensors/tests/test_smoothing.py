from __future__ import annotations

import pytest

from smoothing import moving_median, outliers


def test_no_readings() -> None:
    assert moving_median([], 3) == []


def test_a_window_of_one_changes_nothing() -> None:
    assert moving_median([3, 1, 2], 1) == [3, 1, 2]


def test_an_outlier_is_removed() -> None:
    assert moving_median([10, 10, 999, 10, 10], 3) == [10, 10, 10, 10, 10]


def test_the_larger_one_of_two_counts_at_the_ends() -> None:
    assert moving_median([1, 2, 3], 3) == [2, 2, 3]


def test_a_window_may_be_wider_than_the_readings() -> None:
    assert moving_median([5, 1, 4], 9) == [4, 4, 4]


def test_readings_may_be_below_zero() -> None:
    assert moving_median([-5, -7, -6, 3], 3) == [-5, -6, -6, 3]


@pytest.mark.parametrize("window", [0, 2, -3])
def test_a_window_has_a_middle(window: int) -> None:
    with pytest.raises(ValueError, match="has no middle"):
        moving_median([1, 2, 3], window)


def test_the_readings_are_left_as_they_are() -> None:
    readings = [3, 1, 2]
    moving_median(readings, 3)
    assert readings == [3, 1, 2]


def test_outliers_are_far_from_the_median() -> None:
    readings = [10, 11, 90, 10, 9]
    assert outliers(readings, moving_median(readings, 3), 20) == [2]


def test_a_day_of_readings() -> None:
    readings = [100 + n % 48 - (n * 7919 % 31) for n in range(600)]
    smoothed = moving_median(readings, 61)
    assert len(smoothed) == 600
    assert min(smoothed) >= 100 and max(smoothed) <= 130
