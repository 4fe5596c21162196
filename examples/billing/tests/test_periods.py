from __future__ import annotations

from datetime import date

import pytest
from periods import Period, billable_days, merge_periods, prorated_cents


def march(first: int, last: int) -> Period:
    return date(2024, 3, first), date(2024, 3, last)


def test_no_periods_stay_none() -> None:
    assert merge_periods([]) == []


def test_separate_periods_are_sorted() -> None:
    assert merge_periods([march(20, 25), march(1, 5)]) == [march(1, 5), march(20, 25)]


def test_overlapping_periods_become_one() -> None:
    assert merge_periods([march(1, 10), march(8, 15)]) == [march(1, 15)]


def test_touching_periods_become_one() -> None:
    assert merge_periods([march(1, 10), march(10, 20)]) == [march(1, 20)]


def test_a_period_within_another_adds_nothing() -> None:
    assert merge_periods([march(1, 30), march(5, 8)]) == [march(1, 30)]


def test_days_of_a_support_credit_are_not_billed_twice() -> None:
    assert billable_days([march(1, 31), march(10, 12), march(15, 20)]) == 30


def test_prorated_charge_is_rounded_half_up() -> None:
    assert [prorated_cents(999, days, 30) for days in (0, 1, 5, 15, 30)] == [0, 33, 167, 500, 999]


def test_more_days_than_the_month_has_are_refused() -> None:
    with pytest.raises(ValueError, match="31 days do not fit in a month of 30"):
        prorated_cents(999, 31, 30)
