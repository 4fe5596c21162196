from datetime import date

import pytest

from renewals import MonthRow, best_month, monthly_totals


def medium():
    return ([f"20{20 + i % 2}-{i * 5 % 12 + 1:02d}-{i * 11 % 28 + 1:02d};P{i % 3};{100 + i * 37 % 900}"
             for i in range(200)],)


def test_two_months_oldest_first():
    lines = ["2024-03-17;PRO;4900", "2024-01-31;LITE;900", "2024-03-02;LITE;900"]
    assert monthly_totals(lines) == [
        MonthRow("2024-01", 1, 900, date(2024, 1, 31)),
        MonthRow("2024-03", 2, 5800, date(2024, 3, 17)),
    ]


def test_empty_and_blank():
    assert monthly_totals([]) == []
    assert monthly_totals(["", "   "]) == []
    assert best_month([""]) is None


def test_same_month_of_other_years():
    rows = monthly_totals(["2023-05-01;A;1", "2022-05-01;A;2"])
    assert [row.month for row in rows] == ["2022-05", "2023-05"]


def test_duplicate_lines_count_twice():
    assert monthly_totals(["2024-02-29; A ;5"] * 2) == [MonthRow("2024-02", 2, 10, date(2024, 2, 29))]


@pytest.mark.parametrize("bad", ["2024-02-30;A;1", "2024-02-01;A", "2024-02-01;A;x"])
def test_bad_line(bad):
    with pytest.raises(ValueError):
        monthly_totals(["2024-01-01;A;1", bad])


def test_best_month_tie_is_oldest():
    assert best_month(["2024-02-01;A;5", "2024-01-01;A;5", "2024-03-01;A;4"]) == "2024-01"


def test_medium_export():
    (lines,) = medium()
    rows = monthly_totals(lines)
    assert sum(row.renewals for row in rows) == 200
    assert sum(row.cents for row in rows) == sum(100 + i * 37 % 900 for i in range(200))
    assert len(rows) == 12 and rows == sorted(rows, key=lambda row: row.month)
