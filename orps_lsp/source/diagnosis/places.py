"""The loops around each place of a function, and what changes in them. Pure."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orps_lsp.source.diagnosis.changes import Change
from orps_lsp.source.syntax import FunctionNode

_LONGEST = 60  # of an expression that a plan quotes
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GROWING = frozenset(
    {
        "append",
        "extend",
        "insert",
        "add",
        "remove",
        "pop",
        "popleft",
        "update",
        "sort",
        "reverse",
        "clear",
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A place that may be slow. ``plan`` is a sentence in the imperative, without its full stop.

    ``changes`` do what it says, where a rule can; they are a guess like the plan.
    """

    name: str
    plan: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop or a part of a comprehension; ``bound`` are names that change while it runs.

    ``statement`` is the one that it is, or is in: what is to be done before the loop goes there.
    ``changed`` are names that its body binds or whose objects it changes.
    """

    statement: ast.stmt
    target: ast.expr | None
    iterated: ast.expr | None
    targets: frozenset[str]
    bound: frozenset[str]
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and the loops around it, outermost first."""

    node: ast.AST
    loops: tuple[Loop, ...]


def places_in(statement: ast.stmt, loops: tuple[Loop, ...] = ()) -> Iterator[Place]:
    """Yield a statement and all below it; what a loop goes over is outside of it."""
    yield Place(statement, loops)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _below(statement.iter, statement, loops)
        body = (*statement.body, *statement.orelse)
        inner = (*loops, _loop(statement, statement.target, statement.iter, body))
        for part in body:
            yield from places_in(part, inner)
    elif isinstance(statement, ast.While):
        body = (*statement.body, *statement.orelse)
        inner = (*loops, _loop(statement, None, None, (statement.test, *body)))
        yield from _below(statement.test, statement, inner)
        for part in body:
            yield from places_in(part, inner)
    elif isinstance(statement, FunctionNode) and calls_of(statement):
        # Each call of itself is like a turn of a loop.
        names = frozenset(argument.arg for argument in statement.args.args)
        turn = Loop(statement, None, None, names, names | frozenset(_stored(statement)))
        for part in statement.body:
            yield from places_in(part, (*loops, turn))
    else:
        for child in ast.iter_child_nodes(statement):
            yield from _below(child, statement, loops)


def _below(node: ast.AST, statement: ast.stmt, loops: tuple[Loop, ...]) -> Iterator[Place]:
    if isinstance(node, ast.stmt):
        yield from places_in(node, loops)
        return
    yield Place(node, loops)
    if isinstance(node, _COMPREHENSIONS):
        inner = loops
        for each in node.generators:
            yield from _below(each.iter, statement, inner)
            inner = (*inner, _loop(statement, each.target, each.iter, ()))
            for test in each.ifs:
                yield from _below(test, statement, inner)
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for value in values:
            yield from _below(value, statement, inner)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _below(child, statement, loops)


def _loop(
    statement: ast.stmt,
    target: ast.expr | None,
    iterated: ast.expr | None,
    body: Sequence[ast.AST],
) -> Loop:
    targets = frozenset(_stored(target)) if target else frozenset[str]()
    changed = frozenset(name for part in body for name in changed_by(part))
    return Loop(statement, target, iterated, targets, targets | changed, changed)


def changed_by(node: ast.AST) -> Iterator[str]:
    """Yield names that are bound below a node, or whose objects change there."""
    return itertools.chain(_stored(node), _grown(node))


def _stored(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, (ast.Store, ast.Del)):
            yield each.id


def _grown(node: ast.AST) -> Iterator[str]:
    """Yield names whose objects change."""
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)):
                if attribute in _GROWING:
                    yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name


def names_of(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def bare(target: ast.expr) -> str:
    """A loop's target as it stands behind ``for``: a tuple without its parentheses."""
    text = ast.unparse(target)
    return text[1:-1] if isinstance(target, ast.Tuple) else text


def quoted(node: ast.AST) -> str:
    """An expression for a sentence; empty if it is too long to be read there."""
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= _LONGEST and "\n" not in text else ""


def calls_of(function: FunctionNode) -> int:
    """How many calls of itself a function has."""
    return sum(isinstance(n, ast.Call) and is_own(n, function) for n in ast.walk(function))


def is_own(call: ast.Call, function: FunctionNode) -> bool:
    """Whether it is the function itself that is called, by its name or as a method."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return name == function.name
    return False


def fresh(function: FunctionNode, wanted: str) -> str:
    """Return a name that the function does not use."""
    taken = names_of(function) | {
        each.arg for each in ast.walk(function) if isinstance(each, ast.arg)
    }
    number = 1
    name = wanted
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name
