"""What makes a function slow, as far as its text shows it: loops that do the same work again. Pure.

Findings are guesses: they name things of the function, so that a small model knows where to begin.
Whether a version is right and faster is for the evidence to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from orps_lsp.source.diagnosis import repetition, searches
from orps_lsp.source.diagnosis.places import Finding, Place, places_in
from orps_lsp.source.syntax import FunctionNode, parse

__all__ = ["Finding", "diagnose"]

_MOST = 5

Look = Callable[[FunctionNode, Sequence[Place]], Iterator[Finding]]

# The most telling first.
_LOOKS: tuple[Look, ...] = (
    searches.joins,
    repetition.running,
    repetition.memberships,
    searches.ranges,
    repetition.repeated,
    searches.parsed_again,
    repetition.countings,
    repetition.queues,
    repetition.copies,
    repetition.windows,
    repetition.recursions,
)


def diagnose(function_text: str) -> tuple[Finding, ...]:
    """Return what makes a function slow, the most specific first; a plan occurs once.

    Raises:
        SourceSyntaxError: it does not parse.
    """
    (node,) = (n for n in parse(function_text).body if isinstance(n, FunctionNode))
    places = [place for child in node.body for place in places_in(child)]
    found: dict[str, Finding] = {}
    for look in _LOOKS:
        for finding in look(node, places):
            found.setdefault(finding.plan, finding)
    return tuple(found.values())[:_MOST]
