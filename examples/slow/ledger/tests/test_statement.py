from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from statement import Booking, Line, balance_history, lowest_balance

MARCH_1, MARCH_4 = date(2024, 3, 1), date(2024, 3, 4)


def booking(amount: str, day: date = MARCH_1, text: str = "") -> Booking:
    return Booking(day, Decimal(amount), text)


def balances(opening: str, *bookings: Booking) -> list[str]:
    return [str(line.balance) for line in balance_history(Decimal(opening), bookings)]


def test_no_bookings_no_lines() -> None:
    assert balance_history(Decimal("10.00"), []) == []


def test_the_balance_follows_each_booking() -> None:
    assert balances("100.00", booking("-30.00"), booking("5.50")) == ["70.00", "75.50"]


def test_a_line_names_day_and_text() -> None:
    lines = balance_history(Decimal(0), [booking("12.5", MARCH_4, "refund")])
    assert lines == [Line(MARCH_4, "refund", Decimal("12.50"))]


def test_the_oldest_booking_comes_first() -> None:
    assert balances("0", booking("1", MARCH_4), booking("10", MARCH_1)) == ["10.00", "11.00"]


def test_bookings_of_a_day_keep_their_order() -> None:
    lines = balance_history(Decimal(0), [booking("1", text="b"), booking("1", text="a")])
    assert [line.text for line in lines] == ["b", "a"]


def test_an_account_may_be_overdrawn() -> None:
    assert balances("0.00", booking("-0.01")) == ["-0.01"]


def test_parts_of_a_cent_are_kept_until_the_line() -> None:
    assert balances("0", booking("0.004"), booking("0.004")) == ["0.00", "0.01"]


def test_the_bookings_are_left_as_they_are() -> None:
    bookings = [booking("1", MARCH_4), booking("2", MARCH_1)]
    balance_history(Decimal(0), bookings)
    assert [entry.booked_on for entry in bookings] == [MARCH_4, MARCH_1]


def test_the_lowest_balance() -> None:
    assert lowest_balance(Decimal(5), [booking("-7"), booking("10")]) == Decimal("-2.00")
    assert lowest_balance(Decimal(5), []) == Decimal(5)


def test_a_quarter() -> None:
    bookings = [
        booking(f"{(n * 37 % 200) - 90}.{n % 100:02d}", MARCH_1 + timedelta(days=n * 13 % 90))
        for n in range(250)
    ]
    history = balance_history(Decimal("1000.00"), bookings)
    assert len(history) == 250
    assert history[-1].balance == Decimal(1000) + sum(entry.amount for entry in bookings)
