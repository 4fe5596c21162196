"""What inner loops do with each of their items again, for each turn of the loop around. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from orps_lsp.source.diagnosis.changes import Before, Change, Instead, Unwrap
from orps_lsp.source.diagnosis.places import (
    Found,
    Loop,
    Place,
    bare,
    changed_by,
    fresh,
    names_of,
    quoted,
)
from orps_lsp.source.syntax import FunctionNode

_LEVEL = "    "


def beginnings(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Inner loops that begin each turn with what only depends on their own item.

    Items are parsed and left out again and again, for each turn of the loop around.
    """
    for place in places:
        inner = place.node
        if not isinstance(inner, ast.For) or inner.orelse or not place.loops:
            continue
        names = names_of(inner.iter)
        around = next((loop for loop in place.loops if not names & loop.bound), None)
        if around is None or names & set(changed_by(inner)):
            continue
        beginning = _beginning(function, inner, around)
        changes = _prepared(function, inner, around, beginning)
        if changes:
            yield Found("prepare", _plan(inner.iter), changes)


def _plan(items: ast.expr) -> str:
    return (
        f"Go through {quoted(items) or 'the items'} once, before the loops, and keep in a list "
        "what is needed of each"
    )


@dataclass
class _Beginning:
    """The first statements of a loop's body that can be done before, and what is left of it."""

    own: set[str]  # names that the item decides
    lines: list[str] = field(default_factory=list)  # of the loop that prepares
    depth: int = 0  # of the lines to come
    changes: list[Change] = field(default_factory=list)  # of the loop that is there
    rest: list[ast.stmt] = field(default_factory=list)
    is_worth_it: bool = False

    def add(self, *lines: str) -> None:
        self.lines += [f"{_LEVEL * self.depth}{line}" for line in lines]


def _beginning(function: FunctionNode, inner: ast.For, around: Loop) -> _Beginning:
    """Take statement after statement, as long as they depend on nothing but the item."""
    written = {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    found = _Beginning(names_of(inner.target))

    def depends(node: ast.AST) -> bool:
        """Whether it depends on more than the item, or on what the function changes of it."""
        attributes = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
        return bool((names_of(node) & around.bound) - found.own or attributes & written)

    body = list(inner.body)
    while body:
        match body[0]:
            case ast.Assign(targets=[target], value=value) if (
                not depends(value) and _is_new(target, found.own) and len(body) > 1
            ):
                found.own |= names_of(target)
                found.add(ast.unparse(body[0]))
                found.changes.append(Instead(body[0], ""))
                found.is_worth_it |= any(isinstance(n, ast.Call) for n in ast.walk(value))
                body.pop(0)
            case ast.If(test=test, body=[ast.Continue()], orelse=[]) if (
                not depends(test) and len(body) > 1
            ):
                found.add(f"if {ast.unparse(test)}:", f"{_LEVEL}continue")
                found.changes.append(Instead(body[0], ""))
                found.is_worth_it = True
                body.pop(0)
            case ast.If(test=test, orelse=[]) as last if len(body) == 1:
                tests = _conjuncts(test)
                first = list(takewhile(lambda each: not depends(each), tests))
                if not first or last.body[0].lineno == last.lineno:
                    break
                found.add(f"if {_all(first)}:")
                found.depth += 1
                found.is_worth_it = True
                if len(first) < len(tests):
                    found.changes.append(Instead(test, _all(tests[len(first) :])))
                    break
                found.changes.append(Unwrap(last))
                body = list(last.body)
            case _:
                break
    found.rest = body
    return found


def _prepared(
    function: FunctionNode, inner: ast.For, around: Loop, beginning: _Beginning
) -> tuple[Change, ...]:
    """Keep what the rest of the loop uses of each item, and what it computes of it alone."""
    changed = {name for statement in beginning.rest for name in changed_by(statement)}
    if not beginning.is_worth_it or beginning.own & changed:
        return ()
    calls = list(_calls(beginning, around))
    texts = list(dict.fromkeys(map(ast.unparse, calls)))
    values = {text: fresh(function, f"value_{number}") for number, text in enumerate(texts, 1)}
    inside = {id(n) for call in calls for n in ast.walk(call)}
    tests = [c.node for c in beginning.changes if isinstance(c, Instead) and c.text]
    used = {
        n.id
        for part in (*beginning.rest, *tests)
        for n in ast.walk(part)
        if isinstance(n, ast.Name) and id(n) not in inside
    }
    names = sorted(beginning.own & used)
    kept = [*names, *texts]
    if not kept:
        return ()
    prepared = fresh(function, "prepared")
    packed = f"({', '.join(kept)})" if len(kept) > 1 else kept[0]
    beginning.add(f"{prepared}.append({packed})")
    lines = (
        f"{prepared} = []",
        f"for {bare(inner.target)} in {ast.unparse(inner.iter)}:",
        *(f"{_LEVEL}{line}" for line in beginning.lines),
    )
    return (
        Before(around.statement, lines),
        Instead(inner.target, ", ".join([*names, *values.values()])),
        Instead(inner.iter, prepared),
        *beginning.changes,
        *(Instead(call, values[ast.unparse(call)]) for call in calls),
    )


def _is_new(target: ast.expr, known: set[str]) -> bool:
    """Whether an assignment binds nothing but names that are not known yet."""
    kinds = (ast.Name, ast.Tuple, ast.expr_context)
    return all(isinstance(n, kinds) for n in ast.walk(target)) and not names_of(target) & known


def _conjuncts(test: ast.expr) -> list[ast.expr]:
    """What must all hold for a test to hold."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def _all(tests: Sequence[ast.expr]) -> str:
    """All of the tests as one."""
    return ast.unparse(ast.BoolOp(ast.And(), list(tests)) if len(tests) > 1 else tests[0])


def _calls(beginning: _Beginning, around: Loop) -> Iterator[ast.Call]:
    """Yield the calls of the rest that depend on the item alone; not what they are made of."""

    def below(node: ast.AST) -> Iterator[ast.Call]:
        if isinstance(node, ast.Call):
            names = names_of(node)
            if names & beginning.own and not (names & around.bound) - beginning.own:
                yield node
                return
        if isinstance(node, ast.Expr):  # called for its effect
            return
        for child in ast.iter_child_nodes(node):
            yield from below(child)

    for statement in beginning.rest:
        yield from below(statement)


def parsed_again(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Calls on the items of an inner loop that give the same in each turn of the outer one."""
    calls: dict[Loop, list[ast.Call]] = {}
    loops: dict[Loop, tuple[Loop, ...]] = {}
    # Parts of calls that were found come along; a call for its effect must stay where it is.
    within: set[ast.AST] = {n.value for n in ast.walk(function) if isinstance(n, ast.Expr)}
    for place in places:
        if len(place.loops) < 2 or not isinstance(place.node, ast.Call):
            continue
        inner = place.loops[-1]
        outer = frozenset[str]().union(*(loop.bound for loop in place.loops[:-1]))
        if inner.iterated is None or names_of(inner.iterated) & (outer | inner.targets):
            continue
        used = names_of(place.node)
        if place.node in within or not used & inner.targets or used & (outer - inner.targets):
            continue
        within.update(ast.walk(place.node))
        calls.setdefault(inner, []).append(place.node)
        loops[inner] = place.loops
    for inner, found in calls.items():
        assert inner.iterated is not None
        changes = _computed(function, inner, loops[inner][0], found)
        yield Found("prepare", _plan(inner.iterated), changes)


def _computed(
    function: FunctionNode, inner: Loop, first: Loop, calls: Sequence[ast.Call]
) -> tuple[Change, ...]:
    """Keep each item together with what the calls give for it."""
    if inner.target is None or inner.iterated is None or inner.changed & inner.targets:
        return ()
    texts = list(dict.fromkeys(map(ast.unparse, calls)))
    names = [fresh(function, f"value_{number}") for number, _ in enumerate(texts, 1)]
    item, prepared = ast.unparse(inner.target), fresh(function, "prepared")
    values = ", ".join([item, *texts])
    line = f"{prepared} = [({values}) for {bare(inner.target)} in {ast.unparse(inner.iterated)}]"
    by_text = dict(zip(texts, names, strict=True))
    return (
        Before(first.statement, (line,)),
        Instead(inner.target, ", ".join([item, *names])),
        Instead(inner.iterated, prepared),
        *(Instead(call, by_text[ast.unparse(call)]) for call in calls),
    )
