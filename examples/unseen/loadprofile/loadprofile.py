"""Find the busiest stretch in the load profile of an electricity meter.

A profile holds one reading per quarter of an hour.  Feed-in from the roof
is noted with negative watts.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTES_PER_SLOT = 15


@dataclass(frozen=True)
class Reading:
    """Average load in a slot, in whole watts."""

    slot: int
    watts: int


@dataclass(frozen=True)
class Window:
    """A run of readings: index of the first, how many, and their total."""

    start: int
    length: int
    total: int


def make_profile(watts: list[int]) -> list[Reading]:
    """Number plain values as consecutive readings."""
    return [Reading(slot, value) for slot, value in enumerate(watts)]


def best_window(readings: list[Reading], min_length: int, max_length: int) -> Window | None:
    """Return the run of consecutive readings with the highest total watts.

    Only runs of min_length to max_length readings count.  On ties the run
    that starts first wins, then the shorter one.  None if there are less
    than min_length readings.  Raises ValueError unless
    1 <= min_length <= max_length.
    """
    if not 1 <= min_length <= max_length:
        raise ValueError("need 1 <= min_length <= max_length")
    best = None
    for start in range(len(readings)):
        for length in range(min_length, max_length + 1):
            if start + length > len(readings):
                continue
            total = sum(reading.watts for reading in readings[start:start + length])
            if best is None or total > best.total:
                best = Window(start, length, total)
    return best


def clock(slot: int) -> str:
    """The time of day at which a slot begins."""
    hours, minutes = divmod(slot * MINUTES_PER_SLOT, 60)
    return f"{hours % 24:02d}:{minutes:02d}"


def describe_peak(watts: list[int], min_length: int = 4, max_length: int = 8) -> str:
    """A sentence about the busiest stretch of a day."""
    window = best_window(make_profile(watts), min_length, max_length)
    if window is None:
        return "not enough readings"
    end = window.start + window.length
    return f"{clock(window.start)}-{clock(end)}: {window.total // window.length} W"
