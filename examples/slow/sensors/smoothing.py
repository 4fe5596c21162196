"""Readings of the weather stations without their outliers."""

from __future__ import annotations

from collections.abc import Sequence


def outliers(readings: Sequence[int], smoothed: Sequence[int], limit: int) -> list[int]:
    """Return the positions of readings that are further than ``limit`` from the smoothed ones."""
    pairs = enumerate(zip(readings, smoothed, strict=True))
    return [position for position, (raw, smooth) in pairs if abs(raw - smooth) > limit]


def moving_median(readings: list[int], window: int) -> list[int]:
    """Return for each reading the median of those around it, in tenths of a degree.

    ``window`` is the number of readings that count, the one in the middle included. At the ends
    there are fewer; of an even number the larger one of the two in the middle is taken.

    Raises:
        ValueError: the window has no middle.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"a window of {window} readings has no middle")
    reach = window // 2
    smoothed = []
    for position in range(len(readings)):
        nearby = []
        for offset in range(-reach, reach + 1):
            if position + offset >= 0 and position + offset < len(readings):
                nearby.append(readings[position + offset])
        nearby.sort()
        smoothed.append(nearby[len(nearby) // 2])
    return smoothed
