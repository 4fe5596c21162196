"""Service periods of a subscription, and what they cost.

A period is a pair of days: the first one is billed, the last one is not, so that a period may start
on the day on which the one before it ends. Amounts are in cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

Period = tuple[date, date]


def merge_periods(periods: Iterable[Period]) -> list[Period]:
    """Return the same days as disjoint periods, oldest first.

    Plan changes and support credits leave periods that overlap, touch or lie within one another;
    each day of service must be billed once.
    """
    merged: list[Period] = []
    for start, end in sorted(periods):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def billable_days(periods: Iterable[Period]) -> int:
    """Return the number of days of service, each counted once."""
    return sum((end - start).days for start, end in merge_periods(periods))


def prorated_cents(monthly_cents: int, days: int, days_in_month: int) -> int:
    """Return the charge for ``days`` of a month, rounded half up to a whole cent.

    Raises:
        ValueError: ``days`` is not between 0 and ``days_in_month``.
    """
    if not 0 <= days <= days_in_month:
        raise ValueError(f"{days} days do not fit in a month of {days_in_month}")
    return (2 * monthly_cents * days + days_in_month) // (2 * days_in_month)
