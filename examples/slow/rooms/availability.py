"""When a meeting room is free. Times are minutes since midnight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Booking(NamedTuple):
    """A room is taken from ``begin`` until just before ``end``."""

    begin: int
    end: int


def as_clock(minute: int) -> str:
    """Return a time as people read it: 9:05."""
    return f"{minute // 60}:{minute % 60:02d}"


def free_slots(bookings: Sequence[Booking], opens: int, closes: int) -> list[tuple[int, int]]:
    """Return the times between ``opens`` and ``closes`` at which the room is free, in order.

    Bookings may overlap, come in any order, and reach beyond the opening hours.
    """
    slots: list[tuple[int, int]] = []
    start = None
    for minute in range(opens, closes):
        is_taken = False
        for booking in bookings:
            if booking.begin <= minute and minute < booking.end:
                is_taken = True
        if is_taken:
            if start is not None:
                slots.append((start, minute))
                start = None
        elif start is None:
            start = minute
    if start is not None:
        slots.append((start, closes))
    return slots


def first_slot(bookings: Sequence[Booking], opens: int, closes: int, minutes: int) -> str | None:
    """Return the first time at which the room is free for so long; None if there is none."""
    for begin, end in free_slots(bookings, opens, closes):
        if end - begin >= minutes:
            return as_clock(begin)
    return None
