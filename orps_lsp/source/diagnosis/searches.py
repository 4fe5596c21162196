"""Loops inside of loops, which look for something. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orps_lsp.source.diagnosis.changes import Before, Change, Instead
from orps_lsp.source.diagnosis.places import Found, Loop, Place, bare, fresh, names_of, quoted
from orps_lsp.source.syntax import FunctionNode


@dataclass(frozen=True, slots=True)
class _Search:
    """An inner loop that goes through ``inner.iterated`` for what has ``wanted`` as ``key``."""

    loops: tuple[Loop, ...]
    items: ast.expr
    key: ast.expr
    wanted: ast.expr

    @property
    def inner(self) -> Loop:
        return self.loops[-1]


def joins(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Items of an inner loop that are searched for by equality."""
    for search in _searches(places, (ast.Eq,)):
        yield Found(
            "index",
            f"Go through {quoted(search.items)} once, before the loop, and group it in a dict by "
            f"{quoted(search.key)}; then look up {quoted(search.wanted)} there: no loop inside the "
            "loop",
            _grouped(function, search),
        )


def _grouped(function: FunctionNode, search: _Search) -> tuple[Change, ...]:
    """Put the items into a dict of lists, and let the loop go through the list that matters.

    The comparison stays where it is: what else the loop asks for is asked as before.
    """
    inner, first = search.inner, search.loops[0]
    if inner.target is None or names_of(search.wanted) & inner.bound:
        return ()
    value, groups = ast.unparse(inner.target), fresh(function, "groups")
    lines = (
        f"{groups} = {{}}",
        f"for {bare(inner.target)} in {ast.unparse(search.items)}:",
        f"    {groups}.setdefault({ast.unparse(search.key)}, []).append({value})",
    )
    looked_up = f"{groups}.get({ast.unparse(search.wanted)}, ())"
    return Before(first.statement, lines), Instead(search.items, looked_up)


def ranges(_: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Items of an inner loop that are searched for by their order."""
    for search in _searches(places, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
        yield Found(
            "bisect",
            f"Sort {quoted(search.items)} by {quoted(search.key)} once, before the loop; then use "
            "bisect, or go through both in order, instead of the inner loop",
        )


def _searches(places: Sequence[Place], operators: tuple[type[ast.cmpop], ...]) -> Iterator[_Search]:
    """Yield what inner loops look for, where that can be said in a sentence."""
    for place in places:
        if len(place.loops) < 2 or not isinstance(place.node, ast.Compare):
            continue
        inner = place.loops[-1]
        outer = frozenset[str]().union(*(loop.bound for loop in place.loops[:-1])) - inner.targets
        if inner.iterated is None or names_of(inner.iterated) & outer:
            continue
        sides = [place.node.left, *place.node.comparators]
        for operator, (left, right) in zip(place.node.ops, pairwise(sides), strict=True):
            for mine, theirs in ((left, right), (right, left)):
                own, other = names_of(mine), names_of(theirs)
                if not isinstance(operator, operators) or not own & inner.targets or own & outer:
                    continue
                if not other & outer or other & inner.targets:
                    continue
                if all(map(quoted, (inner.iterated, mine, theirs))):
                    yield _Search(place.loops, inner.iterated, mine, theirs)
