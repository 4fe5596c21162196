"""Text helpers that the templates of the site share."""

from __future__ import annotations

import re

WORDS_PER_MINUTE = 220


def slugify(title: str) -> str:
    """Return ``title`` in the form used in the address of an article.

    The slug is in lower case and has only ASCII letters, digits and hyphens. Whatever stands
    between two words (spaces, punctuation, underscores, other symbols) becomes a single hyphen; a
    slug never starts or ends with one. A title without letters or digits gives an empty slug.

    >>> slugify("What's new in Python 3.13?")
    'what-s-new-in-python-3-13'
    """
    raise NotImplementedError


def truncate(text: str, length: int, ellipsis: str = "...") -> str:
    """Return ``text`` cut at a space to at most ``length`` characters, the ellipsis included."""
    if len(text) <= length:
        return text
    cut = text[: length - len(ellipsis) + 1]
    return cut[: cut.rfind(" ")].rstrip(" ,;:") + ellipsis if " " in cut else cut[:-1] + ellipsis


def reading_minutes(text: str) -> int:
    """Return how many minutes an article takes to read, at least one."""
    words = len(re.findall(r"\w+", text))
    return max(1, round(words / WORDS_PER_MINUTE))
