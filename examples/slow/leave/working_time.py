"""How many days of leave a request costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True)
class Request:
    """Leave from ``first`` to ``last``, both included."""

    employee: str
    first: date
    last: date


def working_days(first: date, last: date, holidays: Sequence[date]) -> int:
    """Return how many days from ``first`` to ``last``, both included, are worked.

    Weekends and public holidays are not. A holiday may be listed more than once: the lists of
    several states are put together.
    """
    days = 0
    day = first
    while day <= last:
        is_holiday = False
        for holiday in holidays:
            if holiday == day:
                is_holiday = True
        if day.weekday() != SATURDAY and day.weekday() != SUNDAY and not is_holiday:
            days += 1
        day = day + timedelta(days=1)
    return days


def is_covered(request: Request, days_left: int, holidays: Sequence[date]) -> bool:
    """Say whether the employee has enough days left for the request."""
    return working_days(request.first, request.last, holidays) <= days_left
