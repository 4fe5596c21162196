from __future__ import annotations

from bursts import error_bursts, level_counts, summary


def error(second: int, minute: int = 0) -> str:
    return f"2024-03-01T12:{minute:02d}:{second:02d} ERROR payment timed out"


def info(second: int) -> str:
    return f"2024-03-01T12:00:{second:02d} INFO request served"


def test_levels_are_counted() -> None:
    assert level_counts([error(1), info(2), error(3)]) == {"ERROR": 2, "INFO": 1}


def test_an_empty_log() -> None:
    assert error_bursts([], 60, 1) == []


def test_one_error_is_a_burst_of_one() -> None:
    assert error_bursts([error(5)], 10, 1) == ["2024-03-01T12:00:05"]
    assert error_bursts([error(5)], 10, 2) == []


def test_only_errors_count() -> None:
    assert error_bursts([info(1), error(2), info(3)], 60, 2) == []


def test_a_burst_begins_where_enough_errors_follow() -> None:
    lines = [error(0), error(5), error(9), error(40)]
    assert error_bursts(lines, 10, 3) == ["2024-03-01T12:00:00"]


def test_the_end_of_the_window_does_not_belong_to_it() -> None:
    assert error_bursts([error(0), error(10)], 10, 2) == []
    assert error_bursts([error(0), error(10)], 11, 2) == ["2024-03-01T12:00:00"]


def test_errors_of_the_same_second_are_of_one_burst() -> None:
    assert error_bursts([error(7), error(7)], 1, 2) == ["2024-03-01T12:00:07"] * 2


def test_lines_may_be_out_of_order() -> None:
    assert error_bursts([error(9), error(0), error(5)], 10, 3) == ["2024-03-01T12:00:00"]


def test_parts_of_a_second_count() -> None:
    lines = ["2024-03-01T12:00:00.900 ERROR a", "2024-03-01T12:00:02.000 ERROR b"]
    assert error_bursts(lines, 1, 2) == []
    assert error_bursts(lines, 2, 2) == ["2024-03-01T12:00:00.900"]


def test_the_summary_names_the_first_burst() -> None:
    assert summary([error(n, 3) for n in range(6)]) == "bursts of errors since 2024-03-01T12:03:00"
    assert summary([error(n) for n in range(4)]) == ""


def test_an_hour() -> None:
    lines = [error(n % 60, n // 60) if n % 3 else info(n % 60) for n in range(240)]
    bursts = error_bursts(lines, 30, 20)
    assert len(bursts) == 141
