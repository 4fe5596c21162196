"""What the programmer is asked to try: one plan each, most promising first, per intent.

A model that can think gets the plan as an instruction. A small one finds it as the first comment of
the function that it continues: that turned out to be what keeps it from copying the original. Where
there is nothing to copy, a comment is only begun, for the model to end it.
"""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.search.types import Intent
from orps_lsp.source.diagnosis import diagnose
from orps_lsp.source.locate import Function

GOALS = {
    Intent.OPTIMISE: "Write a much faster version of this function: a better algorithm, the same "
    "behaviour.",
    Intent.FIX: "Write a correct version of this function that passes all tests.",
    Intent.SIMPLIFY: "Write a much simpler, shorter version of this function: the same behaviour, "
    "less code and fewer branches.",
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """A direction of search. An empty ``plan`` leaves the way to the model.

    With ``keep`` the body is withheld and only its first part, that share of its statements, is
    given as the beginning of the answer: who is shown wrong code copies it, who continues what is
    right of it writes the rest anew. ``thought`` begins the first comment of a body that is written
    from its specification, in place of the plan: the model ends it, and thinks in comments.
    """

    name: str
    plan: str = ""
    keep: float | None = None
    thought: str | None = None


RULE = "rule: "  # before the name of a version that no model wrote

_OPTIMISE = (
    Strategy("hashing", "Count or index everything once in a dict, then look it up in O(1)"),
    Strategy("standard library", "Use collections.Counter or defaultdict to group the data"),
    Strategy("single pass", "One pass over the data that keeps what is needed in a dict or set"),
    Strategy("index first", "Build the lookup table first, before the loop"),
    Strategy("algorithm", "O(n) instead of O(n**2): no loop inside the loop"),
    Strategy("seen set", "Use a set to remember what was seen"),
    Strategy("sort", "Sort once, then use the order"),
    Strategy("hoist", "Compute what does not change only once, before the loop"),
    Strategy("built-ins", "Use built-in functions and comprehensions"),
    Strategy("less memory", "Use a generator, no copies"),
)

_FIX = (
    Strategy("rewrite", keep=0.0),
    Strategy("second half", keep=0.5),
    Strategy("free"),
    Strategy("from the first third", keep=0.34),
    Strategy("rewrite by steps", "Step by step, as the docstring says", 0.0, ""),
    Strategy("last third", keep=0.67),
    Strategy("edge cases", "Mind the edge cases: empty, one item, equal items, first and last"),
    Strategy("last statement", keep=0.9),
    Strategy("rewrite with the library", "Let the standard library do the work", keep=0.0),
    Strategy("second quarter", keep=0.25),
)

# Where there is nothing but a specification.
_WRITE = (
    Strategy("free"),
    Strategy("comments", "Say in a comment what each step does", thought=""),
    Strategy("edge cases", "Mind the edge cases: empty, one item, equal items", thought="Handle"),
)

_SIMPLIFY = (
    Strategy("early return", "Return early instead of nesting"),
    Strategy("one expression", "One boolean expression says it all"),
    Strategy("flatten", "Merge the nested conditions, no flags"),
    Strategy("table", "Look it up in a table instead of a chain of conditions"),
    Strategy("free"),
    Strategy("built-ins", "Use built-in functions and comprehensions: all, any, sum, min, max"),
    Strategy("standard library", "Let the standard library do the work"),
)

_BETWEEN = 3  # general strategies before those of the function have their second turn

REPAIR = Strategy("repair", "Correct what the tests say")

_BY_INTENT = {Intent.OPTIMISE: _OPTIMISE, Intent.FIX: _FIX, Intent.SIMPLIFY: _SIMPLIFY}


def strategies(intent: Intent, function: Function) -> tuple[Strategy, ...]:
    """The strategies for a function, the most promising first."""
    return _WRITE if function.is_stub else _BY_INTENT[intent]


def diagnosed(function: Function) -> tuple[Strategy, ...]:
    """The strategies for a slow function: what its text shows comes first, and again soon.

    A plan that names things of the function is followed by a small model where a general one is
    only repeated; but it is a guess, so that general ones have their turn between.
    """
    found = diagnose(function.text)
    own = [
        Strategy(f"{finding.name} {number}", finding.plan)
        for number, finding in enumerate(found, 1)
    ]
    return (*own, *_OPTIMISE[:_BETWEEN], *own, *_OPTIMISE[_BETWEEN:])
