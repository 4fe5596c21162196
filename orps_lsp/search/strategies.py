"""What the programmer is asked to try: one sentence each, most promising first, per intent."""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.search.types import Intent


@dataclass(frozen=True, slots=True)
class Strategy:
    """A direction of search. ``instruction`` goes to the model as it stands."""

    name: str
    instruction: str


_OPTIMISE = (
    Strategy(
        "hashing",
        "Make it faster: replace repeated searches by one lookup in a dict, set or Counter.",
    ),
    Strategy(
        "algorithm",
        "Make it faster: use an algorithm of a lower time complexity, without nested loops.",
    ),
    Strategy(
        "single pass",
        "Make it faster: go through the data once and keep what is needed on the way.",
    ),
    Strategy(
        "standard library",
        "Make it faster: let the standard library do the work "
        "(collections, itertools, bisect, heapq, built-in functions).",
    ),
    Strategy(
        "index first",
        "Make it faster: build an index (dict or set) before the loop, then use it inside.",
    ),
    Strategy(
        "hoist",
        "Make it faster: move work that does not change out of the loops, compute nothing twice.",
    ),
    Strategy(
        "built-ins",
        "Make it faster: use comprehensions and built-in functions instead of loops by hand.",
    ),
    Strategy(
        "sort", "Make it faster: sort once, then use the order (bisect, groupby, two pointers)."
    ),
    Strategy("less memory", "Make it faster and smaller: avoid copies and intermediate lists."),
    Strategy(
        "early exit", "Make it faster: stop as soon as the result is known, skip needless work."
    ),
)

_FIX = (
    Strategy(
        "failing tests", "Correct it so that all tests pass; look at the failing tests first."
    ),
    Strategy(
        "docstring", "Write it anew so that it does exactly what its name, docstring and tests say."
    ),
    Strategy(
        "edge cases", "Correct it; mind the edge cases: empty, single, equal, first and last items."
    ),
    Strategy("conditions", "Correct it; check each condition and comparison (< or <=, and or or)."),
    Strategy("step by step", "Write a simple, step-by-step version that is clearly right."),
    Strategy("standard library", "Write a correct version with the help of the standard library."),
    Strategy("values", "Correct it; check every constant, unit, index and order of operations."),
    Strategy("minimal", "Correct it with as few changes as possible."),
)

_SIMPLIFY = (
    Strategy("early return", "Make it simpler: return early instead of nesting."),
    Strategy(
        "flatten", "Make it simpler: merge nested conditions, remove flags and needless variables."
    ),
    Strategy(
        "table", "Make it simpler: replace the chain of conditions by a lookup in a dict or tuple."
    ),
    Strategy("built-ins", "Make it simpler: use comprehensions and built-in functions."),
    Strategy("standard library", "Make it simpler: let the standard library do the work."),
    Strategy("no repetition", "Make it simpler: write what is repeated only once."),
    Strategy("short", "Make it as short and readable as possible, at the same behaviour."),
)

_BY_INTENT = {Intent.OPTIMISE: _OPTIMISE, Intent.FIX: _FIX, Intent.SIMPLIFY: _SIMPLIFY}


def strategies(intent: Intent) -> tuple[Strategy, ...]:
    """The strategies for ``intent``, the most promising first."""
    return _BY_INTENT[intent]
