from __future__ import annotations

import pytest
from text import reading_minutes, slugify, truncate


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Release notes", "release-notes"),
        ("already-a-slug", "already-a-slug"),
        ("What's new in Python 3.13?", "what-s-new-in-python-3-13"),
        ("  Spaces   around and\tbetween ", "spaces-around-and-between"),
        ("Ham & eggs -- a love story", "ham-eggs-a-love-story"),
        ("settings_and_flags", "settings-and-flags"),
        ("(Draft) Budget: 2024/25", "draft-budget-2024-25"),
        ("?!", ""),
    ],
)
def test_slugify(title: str, slug: str) -> None:
    assert slugify(title) == slug


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 10, "short"),
        ("The quick brown fox", 12, "The quick..."),
        ("The quick, brown fox", 14, "The quick..."),
        ("Donaudampfschifffahrt", 8, "Donau..."),
    ],
)
def test_truncate(text: str, length: int, expected: str) -> None:
    assert truncate(text, length) == expected


def test_reading_time_is_rounded_and_never_zero() -> None:
    assert [reading_minutes("word " * words) for words in (0, 100, 400, 2200)] == [1, 1, 2, 10]
