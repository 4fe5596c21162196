from __future__ import annotations

import pytest

from overtime import Entry, overtime_by_week, payroll_lines


def week_of(employee: str, first: int, minutes: int, month: str = "03.2024") -> list[Entry]:
    return [Entry(employee, f"{day:02d}.{month}", minutes) for day in range(first, first + 5)]


def test_no_entries() -> None:
    assert overtime_by_week([]) == {}


def test_a_full_week_is_no_overtime() -> None:
    assert overtime_by_week(week_of("ada", 4, 480)) == {}


def test_minutes_beyond_a_full_week() -> None:
    assert overtime_by_week(week_of("ada", 4, 500)) == {("ada", "2024-W10"): 100}


def test_employees_do_not_share_a_week() -> None:
    assert overtime_by_week(week_of("ada", 4, 300) + week_of("bob", 4, 300)) == {}


def test_weeks_are_counted_apart() -> None:
    entries = week_of("ada", 4, 500) + week_of("ada", 11, 490)
    assert overtime_by_week(entries) == {("ada", "2024-W10"): 100, ("ada", "2024-W11"): 50}


def test_several_entries_of_a_day_add_up() -> None:
    entries = [Entry("ada", "04.03.2024", 800)] * 4
    assert overtime_by_week(entries) == {("ada", "2024-W10"): 800}


def test_a_week_may_belong_to_another_year() -> None:
    # 30 December 2024 is in the first week of 2025.
    assert overtime_by_week([Entry("ada", "30.12.2024", 2500)]) == {("ada", "2025-W01"): 100}


def test_the_order_is_that_of_the_entries() -> None:
    entries = week_of("zoe", 11, 500) + week_of("ada", 4, 500)
    assert list(overtime_by_week(entries)) == [("zoe", "2024-W11"), ("ada", "2024-W10")]


def test_a_day_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="out of range|does not match"):
        overtime_by_week([Entry("ada", "30.02.2024", 480)])


def test_payroll_has_hours() -> None:
    assert payroll_lines({("ada", "2024-W10"): 90}) == ["ada;2024-W10;1.5"]


def test_a_month_of_a_team() -> None:
    entries = [
        Entry(name, f"{day:02d}.03.2024", 470 + 5 * day)
        for day in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15)
        for name in ("ada", "bob", "cleo", "dan")
    ]
    overtime = overtime_by_week(entries)
    assert len(overtime) == 8
    assert overtime[("cleo", "2024-W11")] == 275
