"""Parts of a loop's turn that one property of its item decides: many items may share it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice

from orps_lsp.source.diagnosis.changes import After, Before, Deeper
from orps_lsp.source.diagnosis.places import Found, Place, changed_by, fresh, names_of
from orps_lsp.source.syntax import FunctionNode

_LEVEL = "    "
_LEAVING = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)
_REPEATING = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TRIVIAL = frozenset(
    {"len", "range", "enumerate", "zip", "isinstance", "abs", "int", "float", "str"}
)


def keyed(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Parts of a loop's turn that depend on one property of the item: many items may share it."""
    for place in places:
        loop = place.node
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
            continue
        match loop.iter:
            case ast.Call(func=ast.Name(id="range" | "set")):
                continue  # nothing comes twice
        found = (_by_key(function, loop, start) for start in range(len(loop.body)))
        yield from islice(filter(None, found), 1)


def _by_key(function: FunctionNode, loop: ast.For, start: int) -> Found | None:
    """Look at the longest part of the body from ``start`` on that one key decides."""
    assert isinstance(loop.target, ast.Name)
    item = loop.target.id
    bound = set(changed_by(loop))
    block: list[ast.stmt] = []
    written: set[str] = set()
    keys: set[str] = set()
    for statement in loop.body[start:]:
        stored = _changes(statement)
        begins = _assigned(statement) & stored
        new = _keys(statement, item)
        foreign = (_free(statement) & bound) - written - stored - {item}
        if foreign or item in stored or _leaves(statement) or len(keys | new) > 1:
            break
        if stored - written - begins or (begins - written) & _read_first(statement):
            break  # it changes what was there before
        block.append(statement)
        written, keys = written | stored, keys | new
    after = loop.body[start + len(block) :]
    if not block or not after or len(keys) != 1 or not _is_costly(block, keys == {item}):
        return None
    used = {name for statement in after for name in _free(statement)}
    values = sorted(written & used)
    if not values or any(_changes(each) & written for each in after):
        return None
    (key,) = keys
    known = fresh(function, "known")
    packed = ", ".join(values)
    return Found(
        "by key",
        f"Compute {' and '.join(f'`{value}`' for value in values)} once for each `{key}`, and "
        "keep it in a dict",
        (
            Before(loop, (f"{known} = {{}}",)),
            Before(block[0], (f"if {key} not in {known}:",)),
            *map(Deeper, block),
            After(block[-1], (f"{_LEVEL}{known}[{key}] = {packed}", f"{packed} = {known}[{key}]")),
        ),
    )


def _keys(statement: ast.stmt, item: str) -> set[str]:
    """Return what a statement uses of the item, as text: properties of it, or all of it."""
    found: set[str] = set()

    def below(node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=arguments) if (
                name == item
            ):
                found.add(item if arguments or node.keywords else ast.unparse(node))
                for each in (*arguments, *node.keywords):
                    below(each)
            case ast.Attribute(value=ast.Name(id=name)) if name == item:
                found.add(ast.unparse(node))
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant()) if name == item:
                found.add(ast.unparse(node))
            case ast.Name(id=name) if name == item:
                found.add(name)
            case _:
                for child in ast.iter_child_nodes(node):
                    below(child)

    below(statement)
    return found


def _locals(statement: ast.stmt) -> set[str]:
    """Names that exist only within an expression: of comprehensions and lambdas."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.comprehension):
            found |= names_of(node.target)
        elif isinstance(node, ast.Lambda):
            found |= {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    return found


def _free(statement: ast.stmt) -> set[str]:
    return names_of(statement) - _locals(statement)


def _changes(statement: ast.stmt) -> set[str]:
    return set(changed_by(statement)) - _locals(statement)


def _assigned(statement: ast.stmt) -> set[str]:
    """Names that a statement, or the body of a loop, gives a new value."""
    found: set[str] = set()
    for node in ast.walk(statement):
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    found |= names_of(target)
            case ast.AnnAssign(target=target, value=ast.expr()) | ast.For(target=target):
                found |= names_of(target)
    return found


def _read_first(statement: ast.stmt) -> set[str]:
    """Names that are read before anything is bound; of a loop only what it goes over."""
    match statement:
        case ast.For(iter=first):
            return names_of(first)
        case ast.Assign(value=first) | ast.AnnAssign(value=ast.expr() as first):
            return names_of(first) - _locals(statement)
    return names_of(statement)


def _leaves(statement: ast.stmt) -> bool:
    return any(isinstance(node, _LEAVING) for node in ast.walk(statement))


def _is_costly(block: Sequence[ast.stmt], whole: bool) -> bool:
    """Whether it may be worth a look into a dict: it repeats something, or calls something.

    ``whole``: the item itself is the key, which seldom comes twice.
    """
    for node in (n for statement in block for n in ast.walk(statement)):
        if isinstance(node, _REPEATING):
            return True
        match node:
            case ast.Call(func=ast.Name(id=name)) if name not in _TRIVIAL and not whole:
                return True
            case ast.Call(func=ast.Attribute(), args=[_, *_]) if not whole:
                return True
    return False
