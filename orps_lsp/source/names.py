"""Which names code binds, which it takes from the scopes around it, and who provides them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from orps_lsp.source.syntax import DefinitionNode, FunctionNode, last_name, nested_statements

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NEW_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)


def bindings(statements: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements bind in their own scope."""
    names: set[str] = set()
    declared: set[str] = set()
    pending = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            declared.update(node.names)
        names.update(_bound_by(node))
        if isinstance(node, _COMPREHENSIONS):  # a walrus binds in the scope around it
            inner = (item for item in ast.walk(node) if isinstance(item, ast.NamedExpr))
            names.update(last_name(item.target) for item in inner)
        elif not isinstance(node, _NEW_SCOPE):
            pending.extend(ast.iter_child_nodes(node))
    return names - declared


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


def parameters(arguments: ast.arguments) -> set[str]:
    return {node.arg for node in ast.iter_child_nodes(arguments) if isinstance(node, ast.arg)}


def free_names(*nodes: ast.AST) -> Counter[str]:
    """Return the names that code takes from outside, and how often it mentions each.

    Names in annotations that are written as strings count.
    """
    total: Counter[str] = Counter()
    pending = list(nodes)
    while pending:  # not recursive: a sum of many terms nests as deep as it is long
        node = pending.pop()
        if isinstance(node, _NEW_SCOPE):
            total.update(_free_in_scope(node))
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            total[node.id] += 1
        elif isinstance(node, ast.Global):
            total.update(node.names)
        elif isinstance(node, ast.AnnAssign):
            total.update(_free_in_annotation(node.annotation))
        pending.extend(ast.iter_child_nodes(node))
    return total


def _free_in_scope(node: ast.AST) -> Counter[str]:
    if isinstance(node, FunctionNode):
        return _free_in_function(node)
    if isinstance(node, ast.ClassDef):
        return _free_in_class(node)
    if isinstance(node, ast.Lambda):
        body = _without(free_names(node.body), parameters(node.args))
        return free_names(node.args) + body
    generators = getattr(node, "generators", ())
    targets = bindings(generator.target for generator in generators)
    return _without(free_names(*ast.iter_child_nodes(node)), targets)


def _free_in_function(node: FunctionNode) -> Counter[str]:
    everything = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    everything += [item for item in (node.args.vararg, node.args.kwarg) if item]
    annotations = [item.annotation for item in everything] + [node.returns]
    outer = free_names(*node.decorator_list, node.args, *filter(None, [node.returns]))
    for annotation in annotations:
        outer += _free_in_annotation(annotation)
    return outer + free_in_body(node)


def free_in_body(node: FunctionNode) -> Counter[str]:
    """Return what :func:`free_names` does, for a function's body without its signature."""
    local = parameters(node.args) | bindings(node.body) | _type_parameters(node)
    return _without(free_names(*node.body), local)


def _free_in_class(node: ast.ClassDef) -> Counter[str]:
    """A class body's names are seen by its own statements, not by the functions in it."""
    local = bindings(node.body)
    methods = [item for item in node.body if isinstance(item, FunctionNode)]
    others = [item for item in node.body if not isinstance(item, FunctionNode)]
    outer = free_names(*node.decorator_list, *node.bases, *node.keywords, *methods)
    return _without(outer + _without(free_names(*others), local), _type_parameters(node))


def _without(names: Counter[str], local: Collection[str]) -> Counter[str]:
    return Counter({name: count for name, count in names.items() if name not in local})


def _free_in_annotation(annotation: ast.expr | None) -> Counter[str]:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return Counter(_IDENTIFIER.findall(annotation.value))
    return Counter()


def _type_parameters(node: DefinitionNode) -> set[str]:
    """The ``T`` of ``def f[T](...)``; Python before 3.12 has none."""
    return {item.name for item in getattr(node, "type_params", ())}


def flattened(statements: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those inside of if, try, with and loops included."""
    for node in statements:
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, DefinitionNode):
            yield from flattened(nested_statements(node))


def needed(statements: Iterable[ast.stmt], names: Iterable[str]) -> list[ast.stmt]:
    """Return, in their order, the statements that provide ``names``, directly or indirectly."""
    remaining = [(statement, bindings([statement])) for statement in statements]
    taken: set[ast.stmt] = set()
    wanted = set(names)
    grown = True
    while grown:
        grown = False
        for statement, bound in remaining:
            if statement not in taken and not wanted.isdisjoint(bound):
                taken.add(statement)
                wanted.update(free_names(statement))
                grown = True
    return [statement for statement, _ in remaining if statement in taken]
