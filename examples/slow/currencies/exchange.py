"""Foreign bookings in euros, at the rate of their day. Days are ISO 8601 texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Rate:
    """What a unit of a currency is worth in euros, from a day on."""

    currency: str
    day: str
    euros: Decimal


@dataclass(frozen=True)
class ForeignAmount:
    """An amount in another currency."""

    currency: str
    day: str
    amount: Decimal


class RateTable:
    """The central bank's rates, in whatever order they were read."""

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        self.rates = list(rates)

    def add(self, rate: Rate) -> None:
        """Take up one more rate. A day's first rate stays the one that counts."""
        self.rates.append(rate)

    def currencies(self) -> list[str]:
        """Return the currencies that there are rates of, in alphabetical order."""
        return sorted({rate.currency for rate in self.rates})

    def to_euros(self, amounts: Sequence[ForeignAmount]) -> list[Decimal]:
        """Convert each amount at the latest rate that was in force on its day.

        Raises:
            LookupError: there was none yet.
        """
        converted = []
        for amount in amounts:
            rates = [rate for rate in self.rates if rate.currency == amount.currency]
            rates.sort(key=lambda rate: rate.day, reverse=True)
            for rate in rates:
                if rate.day <= amount.day:
                    converted.append(amount.amount * rate.euros)
                    break
            else:
                raise LookupError(f"no rate of {amount.currency} on {amount.day}")
        return converted
