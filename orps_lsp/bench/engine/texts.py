"""Texts of a recorded search, in which what the model wrote is not written but referred to.

A replayed model writes something else than the recorded one. Its later prompts must quote its own
words: only those are in its cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LEAST = 12  # characters; less than that stands in a text by chance


@dataclass(frozen=True, slots=True)
class Quote:
    """What the model writes for request ``answer``: its first ``length`` characters.

    None: all that it writes, the stop string included that ended it.
    """

    answer: int
    length: int | None = None


Text = tuple[str | Quote, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A recorded answer to be looked for in later texts.

    ``known``: so many of its first characters had stood in a text before it came. The model copies
    what it is shown; that is not quoted from it. ``stops`` are the strings that may have ended it.
    """

    number: int
    text: str
    known: int = 0
    stops: tuple[str, ...] = ()


def filled(text: Iterable[str | Quote], answers: Mapping[int, str]) -> str:
    """``text`` with what was really written, in as many tokens as were recorded.

    A replay draws the tokens of the stop string as well, whatever they are then, so that a quote
    of the whole is what is in the cache, token by token. Other quotes end in the middle of what was
    written: they are cut to the recorded number of characters. The same words give the same text.
    """
    return "".join(
        part if isinstance(part, str) else answers[part.answer][: part.length] for part in text
    )


def quoting(text: str, answers: Sequence[Written]) -> Text:
    """Replace what ``text`` quotes of ``answers``, first come first, by references.

    A search may cut an answer back before it quotes it, so that its beginning is enough. Where
    several fit, the one with the most of its own is meant. Where an answer and its stop string end
    a text, that is the whole answer as a turn of the conversation.
    """
    fitting: list[Written] = []
    best, most, length = None, 0, 0
    for answer in answers:
        found = shared(text, answer.text)
        if found <= answer.known:
            continue
        fitting.append(answer)
        if found - answer.known > most:
            best, most, length = answer, found - answer.known, found
    if best is None:
        return (text,) if text else ()
    before, _, behind = text.partition(best.text[:length])
    quote = Quote(best.number, length)
    if length == len(best.text) and behind in best.stops:
        quote, behind = Quote(best.number), ""
    return (*quoting(before, fitting), quote, *quoting(behind, fitting))


def shared(text: str, answer: str) -> int:
    """How many of the first characters of ``answer`` stand somewhere in ``text``; 0 if too few."""
    if len(answer) < LEAST or answer[:LEAST] not in text:
        return 0
    low, high = LEAST, len(answer)
    while low < high:
        middle = (low + high + 1) // 2
        if answer[:middle] in text:
            low = middle
        else:
            high = middle - 1
    return low
