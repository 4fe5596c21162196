"""Orders that nobody asked for: what is sorted for a loop that comes to the same without. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from orps_lsp.source.diagnosis.changes import Instead
from orps_lsp.source.diagnosis.places import Found, Place, changed_by, names_of, quoted
from orps_lsp.source.syntax import FunctionNode

_COMMUTATIVE = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)


def sortings(_: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Loops over what is sorted for them alone, and that only add up."""
    for place in places:
        loop = place.node
        if not isinstance(loop, ast.For) or loop.orelse or not _adds_up(loop):
            continue
        match _value(loop.iter, places):
            case ast.Call(func=ast.Name(id="sorted"), args=[items]) as call:
                yield Found(
                    "order",
                    f"Do not sort {quoted(items) or 'the items'}: the loop over it comes to the "
                    "same in any order",
                    (Instead(call, ast.unparse(items)),),
                )


def _value(iterated: ast.expr, places: Sequence[Place]) -> ast.expr:
    """Return what a name stands for, if it is bound once and read once; else what was given."""
    if not isinstance(iterated, ast.Name):
        return iterated
    nodes = [place.node for place in places]
    same = [n for n in nodes if isinstance(n, ast.Name) and n.id == iterated.id]
    values = [n.value for n in nodes if isinstance(n, ast.Assign) and n.targets[0] in same]
    reads = [n for n in same if isinstance(n.ctx, ast.Load)]
    return values[0] if len(values) == len(reads) == 1 else iterated


def _adds_up(loop: ast.For) -> bool:
    """Whether a loop only adds up, by what does not change in it."""
    changed = set(changed_by(loop)) - names_of(loop.target)

    def adds(statement: ast.stmt) -> bool:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                return not names_of(test) & changed and all(map(adds, (*body, *orelse)))
            case ast.AugAssign(target=ast.Name(), op=op, value=value):
                return isinstance(op, _COMMUTATIVE) and not names_of(value) & changed
            case ast.Expr(ast.Call(func=ast.Attribute(attr="add"), args=[value])):
                return not names_of(value) & changed
        return isinstance(statement, (ast.Continue, ast.Pass))

    return all(map(adds, loop.body))
