from __future__ import annotations

from datetime import date, timedelta

import pytest

from working_time import Request, is_covered, working_days

NEW_YEAR = date(2024, 1, 1)
MAY_DAY = date(2024, 5, 1)
WHIT_SUNDAY = date(2024, 5, 19)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2024, 3, 4), date(2024, 3, 4), 1),
        (date(2024, 3, 4), date(2024, 3, 8), 5),
        (date(2024, 3, 4), date(2024, 3, 10), 5),
        (date(2024, 3, 9), date(2024, 3, 10), 0),
        (date(2024, 3, 6), date(2024, 3, 19), 10),
        (date(2024, 3, 5), date(2024, 3, 4), 0),
        (date(2024, 2, 26), date(2024, 3, 1), 5),
    ],
)
def test_weekends_are_free(first: date, last: date, days: int) -> None:
    assert working_days(first, last, []) == days


def test_a_holiday_is_free() -> None:
    assert working_days(date(2024, 4, 29), date(2024, 5, 3), [MAY_DAY]) == 4


def test_a_holiday_that_is_listed_twice_counts_once() -> None:
    assert working_days(date(2024, 4, 29), date(2024, 5, 3), [MAY_DAY, MAY_DAY]) == 4


def test_a_holiday_on_a_weekend_saves_nothing() -> None:
    assert working_days(date(2024, 5, 13), date(2024, 5, 19), [WHIT_SUNDAY]) == 5


def test_holidays_of_other_times_do_not_matter() -> None:
    assert working_days(date(2024, 3, 4), date(2024, 3, 8), [NEW_YEAR, MAY_DAY]) == 5


def test_a_request_is_covered_by_what_is_left() -> None:
    request = Request("ada", date(2024, 4, 29), date(2024, 5, 3))
    assert is_covered(request, 4, [MAY_DAY])
    assert not is_covered(request, 3, [MAY_DAY])


def test_a_sabbatical() -> None:
    holidays = [date(2024, 1, 1) + timedelta(days=33 * n) for n in range(24)]
    assert working_days(date(2024, 1, 1), date(2025, 12, 31), holidays) == 507
