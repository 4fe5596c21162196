"""Numbers as people read them: the same in the terminal, in hovers and in reports."""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "") -> str:
    """1 candidate, 2 candidates, 1,548 candidates."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def ratio(value: float) -> str:
    """2.31x, 42.3x, 151x, 1,234x."""
    return f"{value:.2f}x" if value < 10 else f"{value:.3g}x" if value < 1000 else f"{value:,.0f}x"


def duration(seconds: float) -> str:
    """30 ns, 4.2 us, 13 ms, 1.2 s, 96 s."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{_short(seconds * factor)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def size(number: int) -> str:
    """512 bytes, 2.8 KB, 14 MB: decimal, as discs and downloads are counted."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "KB")):
        if number >= 1000**power:
            return f"{_short(number / 1000**power)} {unit}"
    return f"{number} bytes"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"
