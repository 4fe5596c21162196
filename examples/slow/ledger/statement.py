"""The statement of an account: balances after each booking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Booking:
    """Money that came in (above zero) or went out."""

    booked_on: date
    amount: Decimal
    text: str


@dataclass(frozen=True)
class Line:
    """A line of the statement: what the account held after a booking."""

    booked_on: date
    text: str
    balance: Decimal


def balance_history(opening: Decimal, bookings: Sequence[Booking]) -> list[Line]:
    """Return the lines of a statement that begins with ``opening``, the oldest booking first.

    Bookings of the same day stay in the order in which they were entered.
    """
    ordered = sorted(bookings, key=lambda booking: booking.booked_on)
    history = []
    for position in range(len(ordered)):
        balance = opening
        for booking in ordered[: position + 1]:
            balance = balance + booking.amount
        current = ordered[position]
        history.append(Line(current.booked_on, current.text, balance.quantize(CENT)))
    return history


def lowest_balance(opening: Decimal, bookings: Sequence[Booking]) -> Decimal:
    """Return the lowest balance of the period, the opening one included."""
    return min([opening, *(line.balance for line in balance_history(opening, bookings))])
