"""Work that a loop does again in each turn. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from orps_lsp.source.diagnosis.places import Finding, Place, calls_of, names_of, quoted
from orps_lsp.source.syntax import FunctionNode

_HASHED = ("set", "frozenset", "dict", "Counter", "defaultdict", "Mapping", "Set", "Dict", "str")
_PURE = frozenset({"sorted", "sum", "min", "max", "set", "frozenset", "list", "tuple", "dict"})
_PURE_METHODS = frozenset({"compile", "escape", "split", "lower", "upper", "strip", "strptime"})


def running(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """An inner loop that goes over the beginning of something again, to add it up."""
    for place in places:
        if not isinstance(place.node, ast.For) or not place.loops:
            continue
        bound = place.loops[-1].bound
        match place.node.iter:
            case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.expr() as end)):
                pass
            case ast.Call(func=ast.Name(id="range"), args=[end]):
                pass
            case _:
                continue
        if not names_of(end) & bound:
            continue
        added = [each for each in ast.walk(place.node) if _is_sum(each)]
        if added:
            name = _target(added[0])
            yield Finding(
                "running total",
                f"Keep a running `{name}` from one step to the next: add what is new, and "
                "do without the inner loop",
            )


def _is_sum(node: ast.AST) -> bool:
    return bool(_target(node))


def _target(node: ast.AST) -> str:
    """The name that a statement adds to."""
    match node:
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=same))):
            return name if name == same else ""
    return ""


def memberships(function: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """``in`` a list, again and again."""
    hashed = _hashed_names(function)
    for place in places:
        if not place.loops or not isinstance(place.node, ast.Compare):
            continue
        for operator, container in zip(place.node.ops, place.node.comparators, strict=True):
            if not isinstance(operator, (ast.In, ast.NotIn)):
                continue
            if not isinstance(container, ast.Name) or container.id in hashed:
                continue
            changes = any(container.id in loop.bound for loop in place.loops)
            yield Finding(
                "set",
                f"Keep a set beside `{container.id}` and look into that, not into the list"
                if changes
                else f"Make a set of `{container.id}` before the loop and look into that",
            )


def _hashed_names(function: FunctionNode) -> set[str]:
    """Names of what is a set, a dict or a text, by annotations and assignments."""
    found: set[str] = set()
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.annotation and _is_hashed(argument.annotation):
            found.add(argument.arg)
    for node in ast.walk(function):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if _is_hashed(annotation):
                    found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                call = value.func if isinstance(value, ast.Call) else None
                literal = (ast.Set, ast.SetComp, ast.Dict, ast.DictComp, ast.JoinedStr)
                text = isinstance(value, ast.Constant) and isinstance(value.value, str)
                if isinstance(value, literal) or text or (call and _is_hashed(call)):
                    found.add(name)
    return found


def _is_hashed(annotation: ast.expr) -> bool:
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return ast.unparse(outer).rpartition(".")[2] in _HASHED


def repeated(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Calls in a loop whose arguments do not change in it."""
    for place in places:
        if not isinstance(place.node, ast.Call) or not place.loops:
            continue
        function = place.node.func
        pure = isinstance(function, ast.Name) and function.id in _PURE and place.node.args
        method = isinstance(function, ast.Attribute) and function.attr in _PURE_METHODS
        names = names_of(place.node) - _PURE
        if not (pure or method) or not names:
            continue
        text = quoted(place.node)
        if text and not names & place.loops[-1].bound:
            yield Finding("hoist", f"Compute {text} only once, before the loop")
        elif isinstance(function, ast.Name) and function.id in ("sorted", "min", "max"):
            match place.node.args:
                case [ast.Name(id=name)] if name in place.loops[-1].bound:
                    yield Finding(
                        "heap",
                        f"Keep `{name}` in order all the time, with heapq or bisect, instead of "
                        f"{function.id}() again in each step",
                    )
                case [ast.Subscript(value=ast.Name(id=name), slice=ast.Slice(lower=None))]:
                    yield Finding(
                        "insort",
                        f"Keep what came so far of `{name}` in order, with bisect.insort, instead "
                        f"of {function.id}() again in each step",
                    )


def countings(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """``count`` and ``index`` of a list in a loop."""
    for place in places:
        match place.node:
            case ast.Call(
                func=ast.Attribute(value=base, attr="count" | "index" as method), args=[_]
            ) if place.loops:
                text = quoted(base)
                if text and method == "count":
                    plan = f"Count {text} once with collections.Counter, before the loop"
                    yield Finding("counter", plan)
                elif text:
                    plan = f"Note the position of each item of {text} in a dict, before the loop"
                    yield Finding("positions", plan)


def queues(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Lists that lose or get their first item."""
    for place in places:
        match place.node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="pop" | "insert"),
                args=[ast.Constant(value=0), *_],
            ):
                yield Finding(
                    "deque",
                    f"Make `{name}` a collections.deque, with popleft() and appendleft()",
                )
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert")) if (
                place.loops
            ):
                yield Finding(
                    "sort once", f"Collect `{name}` in any order and sort it once, by a key"
                )


def copies(function: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Texts and lists that are built by adding to a copy."""
    empty: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                empty.setdefault(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                empty.setdefault(name, value)
    for place in places:
        name = _target(place.node)
        if not name or not place.loops:
            continue
        match empty.get(name):
            case ast.Constant(value=str()) | ast.JoinedStr():
                yield Finding(
                    "join", f"Collect the pieces of `{name}` in a list and join them at the end"
                )
            case ast.List() if isinstance(place.node, ast.Assign):
                yield Finding(
                    "in place", f"Append to `{name}` in place instead of making a new list"
                )


def windows(_: FunctionNode, places: Sequence[Place]) -> Iterator[Finding]:
    """Neighbours that are collected anew for each position."""
    for place in places:
        if len(place.loops) < 2:
            continue
        match place.node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.BinOp() as where):
                names = names_of(where)
                if all(names & loop.targets for loop in place.loops[-2:]):
                    yield Finding(
                        "window",
                        f"Slide a window over `{name}`: add what comes in, remove what goes out",
                    )


def recursions(function: FunctionNode, _: Sequence[Place]) -> Iterator[Finding]:
    """A function that calls itself more than once."""
    for each in (n for n in ast.walk(function) if isinstance(n, FunctionNode)):
        if calls_of(each) > 1:
            yield Finding("table", "Fill a table from the small cases up, instead of recursion")
            yield Finding("memo", "Remember the results of the recursion in a dict")
