"""Bursts of errors in the log of a service.

A line is "2024-03-01T12:00:05 ERROR payment timed out": time, level, message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def level_counts(lines: Sequence[str]) -> dict[str, int]:
    """Return how many lines there are of each level."""
    counts: dict[str, int] = {}
    for line in lines:
        level = line.split(" ", 2)[1]
        counts[level] = counts.get(level, 0) + 1
    return counts


def error_bursts(lines: Sequence[str], seconds: int, threshold: int) -> list[str]:
    """Return the times of the errors with which a burst may begin.

    That is where, within ``seconds`` from an error on, there are at least ``threshold`` errors, the
    first included. Several workers write the log, so that its lines are not always in order.
    """
    bursts = []
    for line in lines:
        time, level, _ = line.split(" ", 2)
        if level == "ERROR":
            begin = datetime.fromisoformat(time)
            errors = 0
            for other in lines:
                other_time, other_level, _ = other.split(" ", 2)
                if other_level == "ERROR":
                    later = datetime.fromisoformat(other_time) - begin
                    if 0 <= later.total_seconds() < seconds:
                        errors += 1
            if errors >= threshold:
                bursts.append(time)
    return bursts


def summary(lines: Sequence[str]) -> str:
    """Return the text of the alert; empty if there is no need for one."""
    bursts = error_bursts(lines, seconds=60, threshold=5)
    return f"bursts of errors since {min(bursts)}" if bursts else ""
