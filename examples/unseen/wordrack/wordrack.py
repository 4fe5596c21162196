"""Helpers for an anagram parlour game.

The host lays out words; the players look for sets of words made of the same
letters.  Case, accents and anything but letters do not matter.
"""

from __future__ import annotations

import unicodedata

LETTER_POINTS = {1: "aeilnorstu", 2: "dg", 3: "bcmp", 4: "fhvwy", 5: "k", 8: "jx", 10: "qz"}


def fold(word: str) -> str:
    """Lower-case letters of a word without accents and other characters."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(char for char in decomposed if char.isalpha())


def is_anagram(first: str, second: str) -> bool:
    """Whether two words are made of the same letters."""
    return sorted(fold(first)) == sorted(fold(second))


def points(word: str) -> int:
    """The value of a word by its letters; unknown letters count nothing."""
    total = 0
    for char in fold(word):
        for value, letters in LETTER_POINTS.items():
            if char in letters:
                total += value
    return total


def group_anagrams(words: list[str], min_size: int = 2) -> list[list[str]]:
    """Return the groups of words that are made of the same letters.

    The words of a group stay in the order given, with their spelling, and
    a word that is given twice is listed twice.  Groups of less than
    min_size words are left out.  Larger groups come first; groups of the
    same size in the order of their first words.  Words without any letter
    are ignored.  Raises ValueError if min_size is below 1.
    """
    if min_size < 1:
        raise ValueError("min_size must be at least 1")
    groups: list[list[str]] = []
    for word in words:
        if not fold(word):
            continue
        for group in groups:
            if is_anagram(group[0], word):
                group.append(word)
                break
        else:
            groups.append([word])
    kept = [group for group in groups if len(group) >= min_size]
    return sorted(kept, key=len, reverse=True)


def best_set(words: list[str]) -> list[str]:
    """The anagram group with the most points in all; the first on ties."""
    best: list[str] = []
    for group in group_anagrams(words):
        if sum(points(word) for word in group) > sum(points(word) for word in best):
            best = group
    return best
