"""What makes a function slow, as far as its text shows it: loops that do the same work again. Pure.

Findings are guesses: they name things of the function, so that a small model knows where to begin.
Whether a version is right and faster is for the evidence to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orps_lsp.source.diagnosis import flags, keys, orders, preparation, repetition, searches
from orps_lsp.source.diagnosis.changes import apply
from orps_lsp.source.diagnosis.places import Found, Place, places_in
from orps_lsp.source.syntax import Document, FunctionNode

__all__ = ["Finding", "diagnose"]

_MOST = 5

Look = Callable[[FunctionNode, Sequence[Place]], Iterator[Found]]

# The most telling first; but what is prepared before can still be looked up by, not the other way.
_LOOKS: tuple[Look, ...] = (
    flags.flags,
    preparation.beginnings,
    preparation.parsed_again,
    searches.joins,
    repetition.running,
    repetition.memberships,
    keys.keyed,
    orders.sortings,
    searches.ranges,
    repetition.repeated,
    repetition.countings,
    repetition.queues,
    repetition.copies,
    repetition.windows,
    repetition.recursions,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that may be slow. ``plan`` is a sentence in the imperative, without its full stop.

    ``rewrite`` is the function as a rule would have it; empty where there is no rule for it.
    """

    name: str
    plan: str
    rewrite: str = ""


def diagnose(function_text: str) -> tuple[Finding, ...]:
    """Return what makes a function slow, the most specific first; a plan occurs once.

    Raises:
        SourceSyntaxError: it does not parse.
    """
    document = Document(function_text)
    (node,) = (n for n in document.tree.body if isinstance(n, FunctionNode))
    places = [place for child in node.body for place in places_in(child)]
    found: dict[str, Found] = {}
    for look in _LOOKS:
        for each in look(node, places):
            found.setdefault(each.plan, each)
    return tuple(
        Finding(each.name, each.plan, apply(document, each.changes))
        for each in list(found.values())[:_MOST]
    )
