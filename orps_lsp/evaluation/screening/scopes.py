"""Whose names the names in a module are: the module's (or Python's), or a function's own.

Nothing here recurses: a sum of many terms nests as deep as it is long.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

NamedFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
AnyFunction: TypeAlias = NamedFunction | ast.Lambda
Definition: TypeAlias = NamedFunction | ast.ClassDef
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Frame:
    """A function around a node, the names that are its own, and all that are local in it."""

    function: AnyFunction
    names: frozenset[str]
    local: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a node stands.

    ``frames`` are the functions around it, the outermost first; ``local`` the names that these and
    comprehensions around it bind, which are therefore neither the module's nor builtins.
    """

    frames: tuple[Frame, ...] = ()
    local: frozenset[str] = frozenset()


def walk(tree: ast.Module) -> Iterator[tuple[ast.AST, Scope]]:
    """Yield every node with its scope, parents first."""
    pending: list[tuple[ast.AST, Scope]] = [(tree, Scope())]
    while pending:
        node, scope = pending.pop()
        yield node, scope
        pending.extend(reversed(list(_children(node, scope))))


def _children(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Yield the parts of a node; what a new scope does not see yet stands in the one around it."""
    if isinstance(node, AnyFunction):
        names = own_names(node)
        local = frozenset((scope.local | names) - _declared(node, ast.Global))
        inner = Scope((*scope.frames, Frame(node, names, local)), local)
        inside = body(node)
        hidden = set(map(id, inside))
        yield from ((it, scope) for it in ast.iter_child_nodes(node) if id(it) not in hidden)
        yield from ((item, inner) for item in inside)
    elif isinstance(node, Comprehension):
        first = node.generators[0]
        targets = bound(generator.target for generator in node.generators)
        inner = Scope(scope.frames, scope.local | targets)
        yield first.iter, scope
        inside = [item for item in ast.iter_child_nodes(node) if item is not first]
        yield from ((item, inner) for item in (first.target, *first.ifs, *inside))
    else:
        yield from ((item, scope) for item in ast.iter_child_nodes(node))


def body(function: AnyFunction) -> Sequence[ast.AST]:
    return [function.body] if isinstance(function, ast.Lambda) else function.body


def own_nodes(function: AnyFunction) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without the bodies of what is defined in it."""
    return _outer_nodes(body(function))


def _outer_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    pending = list(nodes)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, AnyFunction):
            hidden = set(map(id, body(node)))
        elif isinstance(node, ast.ClassDef):
            hidden = set(map(id, node.body))
        else:
            hidden = set()
        pending.extend(item for item in ast.iter_child_nodes(node) if id(item) not in hidden)


def own_names(function: AnyFunction) -> frozenset[str]:
    """Return the names that are local to a function: its parameters and what it binds."""
    declared = _declared(function, ast.Global) | _declared(function, ast.Nonlocal)
    return parameters(function) | bound(body(function)) - declared


def parameters(function: AnyFunction) -> frozenset[str]:
    return frozenset(
        item.arg for item in ast.iter_child_nodes(function.args) if isinstance(item, ast.arg)
    )


def _declared(function: AnyFunction, kind: type[ast.Global] | type[ast.Nonlocal]) -> set[str]:
    return {name for node in own_nodes(function) if isinstance(node, kind) for name in node.names}


def bound(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that statements or targets bind in the scope in which they stand."""
    names: set[str] = set()
    in_comprehensions: set[int] = set()
    for node in _outer_nodes(nodes):
        if isinstance(node, Comprehension):
            targets = [item.target for item in node.generators]
            in_comprehensions.update(id(part) for item in targets for part in ast.walk(item))
        names.update(_bound_by(node) if id(node) not in in_comprehensions else ())
    return frozenset(names)


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name for alias in aliases)
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name


def root(node: ast.AST) -> str | None:
    """Return ``a`` for ``a``, ``a.b``, ``a[0].b`` and so on; ``type`` for ``type(a).b``."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return "type" if node.func.id == "type" else None
        else:
            return node.id if isinstance(node, ast.Name) else None


def last_name(node: ast.AST) -> str:
    """Return ``c`` for ``c`` and for ``a.b.c``; empty for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def imported_from(tree: ast.Module) -> dict[str, str]:
    """Return what ``from m import name as other`` binds: other -> name."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
