from __future__ import annotations

import pytest

from suggest import edit_distance, suggestions


@pytest.mark.parametrize(
    ("typed", "known", "distance"),
    [
        ("", "", 0),
        ("", "log", 3),
        ("log", "", 3),
        ("status", "status", 0),
        ("stauts", "status", 2),
        ("comit", "commit", 1),
        ("pusj", "push", 1),
        ("Push", "push", 1),
        ("sitting", "kitten", 3),
        ("abc", "xyz", 3),
        ("naïve", "naive", 1),
    ],
)
def test_distance(typed: str, known: str, distance: int) -> None:
    assert edit_distance(typed, known) == distance
    assert edit_distance(known, typed) == distance


def test_words_that_share_no_letter() -> None:
    assert edit_distance("abcdefg", "hijklmn") == 7


def test_suggestions_begin_with_the_closest() -> None:
    commands = ["push", "pull", "commit", "clone"]
    assert suggestions("puss", commands) == ["push", "pull"]


def test_nothing_is_suggested_for_something_else() -> None:
    assert suggestions("frobnic", ["push", "pull"]) == []
