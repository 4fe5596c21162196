"""Refuse candidates that must not be run, before they run.

The screen is no sandbox: hostile code is stopped by the operating system. It refuses what would
make an evaluation meaningless (state kept between calls, a look at the test that calls), would
surprise the user in an edit (a new ``import subprocess``) or would change more than the body of the
function, and says why in words that the model can learn from.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from orps_lsp.evaluation.screening import reach, state
from orps_lsp.evaluation.screening.outline import (
    Outline,
    TakenNames,
    difference,
    find,
    outline,
    taken_names,
)
from orps_lsp.evaluation.screening.reach import docstrings
from orps_lsp.evaluation.screening.scopes import Definition

__all__ = ["docstrings", "screen"]

_BOM = "\ufeff"


def screen(original: str, candidate: str, qualname: str) -> str | None:
    """Say why the module text ``candidate`` must not run, or None if it may.

    It may differ from the text ``original`` of the same module in the body of the function
    ``qualname``, and in new imports and definitions at the top level. Whatever ``original`` does
    already is allowed.

    Raises:
        SyntaxError, LookupError: ``original`` does not parse, or has no such function.
    """
    known = _known(original, qualname)
    try:
        tree = _parse(candidate)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"The code does not parse: {error}."
    site = find(tree, qualname)
    if site is None:
        return f"It does not define '{qualname}'."
    version = outline(candidate, tree, site)
    if reason := difference(known.outline, version, known.taken):
        return reason
    others = known.outline.others
    tree.body = [
        item
        for item, statement in zip(tree.body, version.statements, strict=True)
        if statement.mark not in others
    ]
    return next((it for it in _findings(tree, site) if it not in known.findings), None)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the screen remembers of an original: no text and no tree."""

    outline: Outline
    taken: TakenNames
    findings: frozenset[str]


@lru_cache(maxsize=2)  # a search asks for one original, many times
def _known(original: str, qualname: str) -> _Known:
    tree = _parse(original)
    site = find(tree, qualname)
    if site is None:
        raise LookupError(f"The module has no function '{qualname}'.")
    findings = frozenset((*_findings(tree, site), *state.accustomed(tree)))
    return _Known(outline(original, tree, site), taken_names(tree), findings)


def _parse(text: str) -> ast.Module:
    # The user's invalid escapes are theirs to see in a linter, not in the server's log.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text.removeprefix(_BOM))


def _findings(tree: ast.Module, site: tuple[Definition, ...]) -> Iterator[str]:
    """Yield a sentence for each thing in ``tree`` that a candidate may not introduce."""
    yield from reach.findings(tree)
    yield from state.findings(tree, site)
