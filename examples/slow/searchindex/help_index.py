"""Word index of the help centre: which articles mention a word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STOP_WORDS = ("a", "an", "and", "for", "in", "is", "it", "of", "on", "or", "the", "to", "you")

_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Article:
    """An article as the editors write it; ``slug`` is the last part of its address."""

    slug: str
    title: str
    body: str


def tokenise(text: str) -> list[str]:
    """Return the words of a text in lower case, without those that say nothing."""
    return [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def build_index(articles: Sequence[Article]) -> dict[str, list[str]]:
    """Return for each word the slugs of the articles that mention it.

    Words and slugs are in alphabetical order. Title and body count alike.
    """
    vocabulary: list[str] = []
    for article in articles:
        for word in tokenise(article.title + " " + article.body):
            if word not in vocabulary:
                vocabulary.append(word)
    index: dict[str, list[str]] = {}
    for word in sorted(vocabulary):
        slugs = []
        for article in articles:
            if word in tokenise(article.title + " " + article.body):
                slugs.append(article.slug)
        index[word] = sorted(slugs)
    return index


def search(index: Mapping[str, Sequence[str]], query: str) -> list[str]:
    """Return the slugs of the articles that mention every word of the query."""
    words = tokenise(query)
    if not words:
        return []
    found = set(index.get(words[0], ()))
    for word in words[1:]:
        found &= set(index.get(word, ()))
    return sorted(found)
