from __future__ import annotations

from decimal import Decimal

import pytest

from exchange import ForeignAmount, Rate, RateTable

RATES = [
    Rate("USD", "2024-03-04", Decimal("0.92")),
    Rate("GBP", "2024-03-01", Decimal("1.17")),
    Rate("USD", "2024-03-01", Decimal("0.90")),
]


def euros(currency: str, day: str, amount: str = "100") -> Decimal:
    [converted] = RateTable(RATES).to_euros([ForeignAmount(currency, day, Decimal(amount))])
    return converted


def test_nothing_to_convert() -> None:
    assert RateTable(RATES).to_euros([]) == []


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2024-03-01", "90.00"), ("2024-03-03", "90.00"), ("2024-03-04", "92.00"), ("2025", "92.00")],
)
def test_the_latest_rate_of_the_day_counts(day: str, expected: str) -> None:
    assert euros("USD", day) == Decimal(expected)


def test_each_currency_has_its_own_rates() -> None:
    assert euros("GBP", "2024-03-09", "2") == Decimal("2.34")


def test_a_day_before_all_rates() -> None:
    with pytest.raises(LookupError, match="no rate of USD on 2024-02-29"):
        euros("USD", "2024-02-29")


def test_a_currency_without_rates() -> None:
    with pytest.raises(LookupError, match="no rate of CHF on 2024-03-05"):
        euros("CHF", "2024-03-05")


def test_the_order_of_the_amounts_is_kept() -> None:
    amounts = [
        ForeignAmount("GBP", "2024-03-02", Decimal(1)),
        ForeignAmount("USD", "2024-03-02", Decimal(1)),
    ]
    assert RateTable(RATES).to_euros(amounts) == [Decimal("1.17"), Decimal("0.90")]


def test_the_first_rate_of_a_day_counts() -> None:
    table = RateTable(RATES)
    table.add(Rate("USD", "2024-03-01", Decimal("0.50")))
    assert table.to_euros([ForeignAmount("USD", "2024-03-01", Decimal(10))]) == [Decimal("9.00")]


def test_a_rate_that_is_added_later_counts() -> None:
    table = RateTable(RATES)
    amount = ForeignAmount("USD", "2024-03-05", Decimal(10))
    assert table.to_euros([amount]) == [Decimal("9.20")]
    table.add(Rate("USD", "2024-03-05", Decimal("0.95")))
    assert table.to_euros([amount]) == [Decimal("9.50")]


def test_currencies_are_listed_once() -> None:
    assert RateTable(RATES).currencies() == ["GBP", "USD"]


def test_a_quarter() -> None:
    table = RateTable(
        Rate(currency, f"2024-{month:02d}-{day:02d}", Decimal(day + month) / 100)
        for day in range(1, 29)
        for currency in ("USD", "GBP", "CHF")
        for month in (3, 1, 2)
    )
    amounts = [
        ForeignAmount(("USD", "CHF")[n % 2], f"2024-{1 + n % 3:02d}-{1 + n % 28:02d}", Decimal(n))
        for n in range(150)
    ]
    converted = table.to_euros(amounts)
    assert converted[0] == 0
    assert converted[149] == Decimal("149") * Decimal("0.13")
