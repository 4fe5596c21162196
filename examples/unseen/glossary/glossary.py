"""Build a small frequency glossary from a plain text.

The glossary is used on the last pages of the printed handbook: every term
with the number of times it is used and where it shows up first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

STOP_WORDS = (
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is",
    "it", "of", "on", "or", "that", "the", "this", "to", "was", "with",
)


@dataclass(frozen=True)
class Term:
    """One glossary entry; position counts words from 0, stop words included."""

    word: str
    count: int
    position: int


def split_words(text: str) -> list[str]:
    """All words of the text in lower case, in reading order."""
    return [match.group().lower() for match in WORD.finditer(text)]


def rank_terms(
    text: str, min_count: int = 1, stop_words: tuple[str, ...] = STOP_WORDS
) -> list[Term]:
    """Return the terms of a text, most frequent first.

    Terms with the same count stay in the order of their first use.  Words
    listed in stop_words (compared without regard to case) and words used
    less than min_count times are left out.  A text without words gives an
    empty list.  Raises ValueError if min_count is below 1.
    """
    if min_count < 1:
        raise ValueError("min_count must be at least 1")
    words = split_words(text)
    terms: list[Term] = []
    for word in words:
        if word in [stop.lower() for stop in stop_words]:
            continue
        if word in [term.word for term in terms]:
            continue
        if words.count(word) >= min_count:
            terms.append(Term(word, words.count(word), words.index(word)))
    return sorted(terms, key=lambda term: term.count, reverse=True)


def render(terms: list[Term], width: int = 24) -> str:
    """The glossary as text, one dotted line per term."""
    lines = []
    for term in terms:
        lines.append(f"{term.word + ' ':.<{width}} {term.count}")
    return "\n".join(lines)


def glossary_page(text: str, min_count: int = 2) -> str:
    """The printed glossary page of a text."""
    terms = rank_terms(text, min_count)
    if not terms:
        return "(no terms)"
    return render(terms)
