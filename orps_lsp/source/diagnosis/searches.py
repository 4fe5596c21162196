"""Loops inside of loops, which look for something or prepare it each time. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

from orps_lsp.source.diagnosis.places import Finding, Place, names_of, quoted
from orps_lsp.source.syntax import FunctionNode


def joins(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Items of an inner loop that are searched for by equality."""
    for items, key, wanted in _searches(places, (ast.Eq,)):
        yield Finding(
            "index",
            f"Go through {items} once, before the loop, and group it in a dict by {key}; then look "
            f"up {wanted} there: no loop inside the loop",
        )


def ranges(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Items of an inner loop that are searched for by their order."""
    for items, key, _wanted in _searches(places, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
        yield Finding(
            "bisect",
            f"Sort {items} by {key} once, before the loop; then use bisect, or go through both in "
            "order, instead of the inner loop",
        )


def _searches(
    places: Sequence[Place], operators: tuple[type[ast.cmpop], ...]
) -> Iterator[tuple[str, str, str]]:
    """Yield what an inner loop goes through each time, by what, and what it looks for."""
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
                texts = quoted(inner.iterated), quoted(mine), quoted(theirs)
                if all(texts):
                    yield texts


def parsed_again(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Calls on the items of an inner loop that give the same in each turn of the outer one."""
    for place in places:
        if len(place.loops) < 2 or not isinstance(place.node, ast.Call) or not place.node.args:
            continue
        inner = place.loops[-1]
        outer = frozenset[str]().union(*(loop.bound for loop in place.loops[:-1]))
        if inner.iterated is None or names_of(inner.iterated) & (outer | inner.targets):
            continue
        if names_of(place.node) & inner.targets and not names_of(place.node) & (
            outer - inner.bound
        ):
            yield Finding(
                "prepare",
                f"Go through {quoted(inner.iterated) or 'the items'} once, before the loops, and "
                "keep in a list what is needed of each",
            )
