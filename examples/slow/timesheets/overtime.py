"""Overtime, from the entries that people make in the timesheet.

Days are written as the form has them: "29.02.2024".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

DAY_FORMAT = "%d.%m.%Y"
WEEKLY_MINUTES = 40 * 60


@dataclass(frozen=True)
class Entry:
    """Minutes that somebody worked on a day."""

    employee: str
    day: str
    minutes: int


def week_name(year: int, week: int) -> str:
    """Return a calendar week as ISO 8601 writes it."""
    return f"{year}-W{week:02d}"


def overtime_by_week(entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """Return the minutes beyond a full week, by employee and calendar week.

    Weeks without overtime are left out. The order is that of the entries.
    """
    overtime: dict[tuple[str, str], int] = {}
    for entry in entries:
        year, week, _ = datetime.strptime(entry.day, DAY_FORMAT).isocalendar()
        worked = 0
        for other in entries:
            other_year, other_week, _ = datetime.strptime(other.day, DAY_FORMAT).isocalendar()
            if (
                other.employee == entry.employee
                and week_name(other_year, other_week) == week_name(year, week)
            ):
                worked += other.minutes
        if worked > WEEKLY_MINUTES:
            overtime[(entry.employee, week_name(year, week))] = worked - WEEKLY_MINUTES
    return overtime


def payroll_lines(overtime: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the lines for the payroll office: hours with a decimal."""
    return [f"{name};{week};{minutes / 60:.1f}" for (name, week), minutes in overtime.items()]
