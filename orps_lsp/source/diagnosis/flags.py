"""Inner loops that only note whether something is there: a set knows. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orps_lsp.source.diagnosis.changes import Before, Instead
from orps_lsp.source.diagnosis.places import Found, Loop, Place, bare, fresh, names_of, quoted
from orps_lsp.source.syntax import FunctionNode

_LESS = {ast.Lt: 1, ast.LtE: 0}  # how far behind the left side the right one begins
_MORE = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@dataclass(frozen=True, slots=True)
class _Flag:
    """A loop over ``items`` that notes something if ``test`` holds for one of them."""

    loop: ast.For
    test: ast.expr
    noted: tuple[ast.stmt, ...]

    @property
    def item(self) -> str:
        return bare(self.loop.target)

    @property
    def items(self) -> str:
        return ast.unparse(self.loop.iter)


def flags(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Items of an inner loop that are compared with something, to note that there is one."""
    for place in places:
        flag = _flag(place.node)
        if flag is None:
            continue
        names = names_of(flag.loop.iter)
        around = next((loop for loop in place.loops if not names & loop.bound), None)
        if around is None:
            continue
        known = fresh(function, "known")
        for values, wanted in (_equal(flag, around), _between(flag, around)):
            if not values:
                continue
            lines = (f"if {wanted} in {known}:", *(f"    {ast.unparse(n)}" for n in flag.noted))
            yield Found(
                "set",
                f"Make a set of {quoted(flag.loop.iter) or 'the items'} before the loop and look "
                "into that",
                (
                    Before(around.statement, (f"{known} = {values}",)),
                    Before(flag.loop, lines),
                    Instead(flag.loop, ""),
                ),
            )


def _flag(node: ast.AST) -> _Flag | None:
    match node:
        case ast.For(body=[ast.If(test=test, body=body, orelse=[])], orelse=[]):
            noted = body[:-1] if isinstance(body[-1], ast.Break) else body
            if noted and all(
                isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
                for each in noted
            ):
                return _Flag(node, test, tuple(noted))
    return None


def _equal(flag: _Flag, around: Loop) -> tuple[str, str]:
    """Return the set of what items are compared with, and what is looked up; or nothing."""
    match flag.test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            for mine, theirs in ((left, right), (right, left)):
                if _is_of_item(mine, flag, around) and not _has_item(theirs, flag):
                    whole = ast.unparse(mine) == flag.item
                    every = f"{{{ast.unparse(mine)} for {flag.item} in {flag.items}}}"
                    return f"set({flag.items})" if whole else every, ast.unparse(theirs)
    return "", ""


def _between(flag: _Flag, around: Loop) -> tuple[str, str]:
    """The same for whole numbers between two properties of an item."""
    low = high = ""
    wanted: set[str] = set()
    for left, operator, right in _comparisons(flag.test):
        if _is_of_item(left, flag, around) and not _has_item(right, flag) and not low:
            low = ast.unparse(left) + (" + 1" if _LESS[operator] else "")
            wanted.add(ast.unparse(right))
        elif _is_of_item(right, flag, around) and not _has_item(left, flag) and not high:
            high = ast.unparse(right) + ("" if _LESS[operator] else " + 1")
            wanted.add(ast.unparse(left))
        else:
            return "", ""
    if not low or not high or len(wanted) != 1:
        return "", ""
    number = "number" if "number" not in names_of(flag.loop) else "each_number"
    every = f"{{{number} for {flag.item} in {flag.items} for {number} in range({low}, {high})}}"
    return every, wanted.pop()


def _comparisons(test: ast.expr) -> list[tuple[ast.expr, type[ast.cmpop], ast.expr]]:
    """Return a test as left < right and left <= right, all of which hold; nothing if it is more."""
    both = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    found: list[tuple[ast.expr, type[ast.cmpop], ast.expr]] = []
    for each in both:
        if not isinstance(each, ast.Compare):
            return []
        sides = pairwise([each.left, *each.comparators])
        for operator, (left, right) in zip(each.ops, sides, strict=True):
            kind = type(operator)
            if kind in _MORE:
                found.append((right, _MORE[kind], left))
            elif kind in _LESS:
                found.append((left, kind, right))
            else:
                return []
    return found


def _has_item(node: ast.expr, flag: _Flag) -> bool:
    return bool(names_of(node) & names_of(flag.loop.target))


def _is_of_item(node: ast.expr, flag: _Flag, around: Loop) -> bool:
    """Whether the item decides it, and nothing else that changes."""
    own = names_of(flag.loop.target)
    return bool(names_of(node) & own) and not names_of(node) & around.bound - own
