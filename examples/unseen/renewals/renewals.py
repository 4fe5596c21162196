"""Monthly overview of subscription renewals.

The billing system exports lines such as "2024-03-17;PRO;4900" (date, plan,
price in cents).  Marketing wants one row per month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

DATE_FORMAT = "%Y-%m-%d"
SEPARATOR = ";"


@dataclass(frozen=True)
class Renewal:
    """One exported line."""

    day: date
    plan: str
    cents: int


@dataclass(frozen=True)
class MonthRow:
    """One month: label like 2024-03, renewals, turnover and its last day."""

    month: str
    renewals: int
    cents: int
    last_day: date


def parse_line(line: str) -> Renewal:
    """Parse one exported line; raises ValueError if it is malformed."""
    parts = [part.strip() for part in line.split(SEPARATOR)]
    if len(parts) != 3:
        raise ValueError(f"malformed line: {line!r}")
    day = datetime.strptime(parts[0], DATE_FORMAT).date()
    return Renewal(day, parts[1], int(parts[2]))


def month_label(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def monthly_totals(lines: list[str]) -> list[MonthRow]:
    """Return one MonthRow per month with a renewal, oldest month first.

    last_day is the latest day with a renewal in that month.  Blank lines are
    skipped; no lines give an empty list.  Raises ValueError if any other
    line cannot be parsed.
    """
    months: list[str] = []
    for line in lines:
        if line.strip():
            label = month_label(parse_line(line).day)
            if label not in months:
                months.append(label)
    rows = []
    for month in sorted(months):
        count = 0
        cents = 0
        days = []
        for line in lines:
            if line.strip() and month_label(parse_line(line).day) == month:
                count += 1
                cents += parse_line(line).cents
                days.append(parse_line(line).day)
        rows.append(MonthRow(month, count, cents, sorted(days)[-1]))
    return rows


def best_month(lines: list[str]) -> str | None:
    """The label of the month with the highest turnover, the oldest on ties."""
    rows = monthly_totals(lines)
    if not rows:
        return None
    return max(rows, key=lambda row: row.cents).month
