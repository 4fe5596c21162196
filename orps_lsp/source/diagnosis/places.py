"""The loops around each place of a function, and what changes in them. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from orps_lsp.source.syntax import FunctionNode

_LONGEST = 60  # of an expression that a plan quotes
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GROWING = frozenset({"append", "extend", "insert", "add", "remove", "pop", "popleft", "update"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that may be slow. ``plan`` is a sentence in the imperative, without its full stop."""

    name: str
    plan: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop or a part of a comprehension; ``bound`` are names that change while it runs."""

    targets: frozenset[str]
    bound: frozenset[str]
    iterated: ast.expr | None


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and the loops around it, outermost first."""

    node: ast.AST
    loops: tuple[Loop, ...]


def places_in(node: ast.AST, loops: tuple[Loop, ...] = ()) -> Iterator[Place]:
    """Yield a node and all below it; what a loop goes over is outside of it, the rest inside."""
    yield Place(node, loops)
    if isinstance(node, _LOOPS):
        inner = (*loops, _loop(node))
        for part in ast.iter_child_nodes(node):
            outside = not isinstance(node, ast.While) and part is node.iter
            yield from places_in(part, loops if outside else inner)
    elif isinstance(node, FunctionNode) and calls_of(node):  # each call is a turn of a loop
        names = frozenset(argument.arg for argument in node.args.args)
        turn = (*loops, Loop(names, names | frozenset(_stored(node)), None))
        for statement in node.body:
            yield from places_in(statement, turn)
    elif isinstance(node, _COMPREHENSIONS):
        inner = loops
        for each in node.generators:
            yield from places_in(each.iter, inner)
            inner = (*inner, _comprehended(each))
            for test in each.ifs:
                yield from places_in(test, inner)
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for value in values:
            yield from places_in(value, inner)
    else:
        for child in ast.iter_child_nodes(node):
            yield from places_in(child, loops)


def _loop(node: ast.For | ast.AsyncFor | ast.While) -> Loop:
    targets = frozenset[str]() if isinstance(node, ast.While) else frozenset(_stored(node.target))
    iterated = None if isinstance(node, ast.While) else node.iter
    return Loop(targets, targets | frozenset(_stored(node)) | frozenset(_grown(node)), iterated)


def _comprehended(part: ast.comprehension) -> Loop:
    targets = frozenset(_stored(part.target))
    return Loop(targets, targets, part.iter)


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


def quoted(node: ast.AST) -> str:
    """An expression for a sentence; empty if it is too long to be read there."""
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= _LONGEST and "\n" not in text else ""


def calls_of(function: FunctionNode) -> int:
    """How many calls of itself a function has."""
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function.name
        for node in ast.walk(function)
    )
