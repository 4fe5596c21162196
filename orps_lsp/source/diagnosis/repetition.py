"""Work that a loop does again in each turn. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from orps_lsp.source.diagnosis.changes import After, Before, Change, Deeper, Instead
from orps_lsp.source.diagnosis.places import (
    Found,
    Place,
    calls_of,
    fresh,
    is_own,
    names_of,
    quoted,
)
from orps_lsp.source.syntax import FunctionNode

_HASHED = ("set", "frozenset", "dict", "Counter", "defaultdict", "Mapping", "Set", "Dict", "str")
_PURE = frozenset({"sorted", "sum", "min", "max", "set", "frozenset", "list", "tuple", "dict"})
_PURE_METHODS = frozenset({"compile", "escape", "split", "lower", "upper", "strip", "strptime"})


def running(_: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
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
            yield Found(
                "running total",
                f"Keep a running `{name}` from one step to the next: add what is new, and "
                "do without the inner loop",
                _carried_on(place.node, place.loops[-1].statement, end, name),
            )


def _carried_on(inner: ast.For, outer: ast.stmt, end: ast.expr, name: str) -> tuple[Change, ...]:
    """Begin with the total before the outer loop, and let the inner one add the newest item."""
    body = getattr(outer, "body", [])
    before = body[: body.index(inner)] if inner in body else []
    begins = [
        each
        for each in before
        if isinstance(each, ast.Assign) and [ast.unparse(t) for t in each.targets] == [name]
    ]
    if len(begins) != 1 or names_of(begins[0].value) & set(_all_stored(outer)):
        return ()
    match end:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=1)):
            newest = ast.unparse(left)
        case _:
            newest = f"{ast.unparse(end)} - 1"
    upper = ast.unparse(end)
    if isinstance(inner.iter, ast.Subscript):
        only = f"{ast.unparse(inner.iter.value)}[{newest}:{upper}]"
    else:
        only = f"range({newest}, {upper})"
    return (
        Before(outer, (ast.unparse(begins[0]),)),
        Instead(begins[0], ""),
        Instead(inner.iter, only),
    )


def _all_stored(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id


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


def memberships(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
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
            yield Found(
                "set",
                f"Keep a set beside `{container.id}` and look into that, not into the list"
                if changes
                else f"Make a set of `{container.id}` before the loop and look into that",
                _looked_up(function, place, container, changes),
            )


def _looked_up(
    function: FunctionNode, place: Place, container: ast.Name, changes: bool
) -> tuple[Change, ...]:
    """Keep a set of what is in the list, with all that is appended to it."""
    name = container.id
    known = fresh(function, f"{name}_set")
    appended: list[Change] = []
    for each in ast.walk(function):
        match each:
            case ast.Expr(
                ast.Call(func=ast.Attribute(value=ast.Name(id=same), attr=attribute), args=args)
            ) if same == name:
                if attribute != "append" or len(args) != 1:
                    return ()
                appended.append(After(each, (f"{known}.add({ast.unparse(args[0])})",)))
    if changes and not appended:
        return ()
    begin = Before(place.loops[0].statement, (f"{known} = set({name})",))
    return begin, Instead(container, known), *appended


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


def repeated(function_node: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
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
            loop = next(loop for loop in place.loops if not names & loop.bound)
            name = fresh(function_node, "prepared")
            begin = Before(loop.statement, (f"{name} = {ast.unparse(place.node)}",))
            yield Found(
                "hoist",
                f"Compute {text} only once, before the loop",
                (begin, Instead(place.node, name)),
            )
        elif isinstance(function, ast.Name) and function.id in ("sorted", "min", "max"):
            match place.node.args:
                case [ast.Name(id=name)] if name in place.loops[-1].bound:
                    yield Found(
                        "heap",
                        f"Keep `{name}` in order all the time, with heapq or bisect, instead of "
                        f"{function.id}() again in each step",
                    )
                case [ast.Subscript(value=ast.Name(id=name), slice=ast.Slice(lower=None))]:
                    yield Found(
                        "insort",
                        f"Keep what came so far of `{name}` in order, with bisect.insort, instead "
                        f"of {function.id}() again in each step",
                    )


def countings(_: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """``count`` and ``index`` of a list in a loop."""
    for place in places:
        match place.node:
            case ast.Call(
                func=ast.Attribute(value=base, attr="count" | "index" as method), args=[_]
            ) if place.loops:
                text = quoted(base)
                if text and method == "count":
                    plan = f"Count {text} once with collections.Counter, before the loop"
                    yield Found("counter", plan)
                elif text:
                    plan = f"Note the position of each item of {text} in a dict, before the loop"
                    yield Found("positions", plan)


def queues(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Lists that lose or get their first item."""
    for place in places:
        match place.node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="pop" | "insert"),
                args=[ast.Constant(value=0), *_],
            ):
                yield Found(
                    "deque",
                    f"Make `{name}` a collections.deque, with popleft() and appendleft()",
                    _queued(function, name),
                )
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert")) if (
                place.loops
            ):
                yield Found("sort once", _sorted_plan(function, name))


def _sorted_plan(function: FunctionNode, name: str) -> str:
    """Say by what a list is kept in order, if it is compared by a function of its items."""
    for node in ast.walk(function):
        match node:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id=key), args=[_]),
                comparators=[ast.Call(func=ast.Name(id=same), args=[_])],
            ) if key == same:
                return (
                    f"Sort everything once, with sorted(..., key={key}), instead of `{name}.insert`"
                )
    return f"Collect `{name}` in any order and sort it once, by a key"


def _queued(function: FunctionNode, name: str) -> tuple[Change, ...]:
    """Make a list a deque where it begins, and use its two ends by name."""
    begins: list[ast.expr] = []
    ends: list[Change] = []
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=same)], value=value) if same == name:
                begins.append(value)
            case ast.AnnAssign(target=ast.Name(id=same), value=ast.expr() as value) if same == name:
                begins.append(value)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=same), attr="pop"),
                args=[ast.Constant(value=0)],
            ) if same == name:
                ends.append(Instead(node, f"{name}.popleft()"))
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=same), attr="insert"),
                args=[ast.Constant(value=0), item],
            ) if same == name:
                ends.append(Instead(node, f"{name}.appendleft({ast.unparse(item)})"))
    if len(begins) != 1:
        return ()
    return Instead(begins[0], f"deque({ast.unparse(begins[0])})"), *ends


def copies(function: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
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
                yield Found(
                    "join", f"Collect the pieces of `{name}` in a list and join them at the end"
                )
            case ast.List() if isinstance(place.node, ast.Assign):
                yield Found(
                    "in place",
                    f"Append to `{name}` in place instead of making a new list",
                    _extended(place.node, name),
                )


def _extended(statement: ast.Assign, name: str) -> tuple[Change, ...]:
    assert isinstance(statement.value, ast.BinOp)
    return (Instead(statement, f"{name} += {ast.unparse(statement.value.right)}"),)


def windows(_: FunctionNode, places: Sequence[Place]) -> Iterator[Found]:
    """Neighbours that are collected anew for each position."""
    for place in places:
        if len(place.loops) < 2:
            continue
        match place.node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.BinOp() as where):
                names = names_of(where)
                if all(names & loop.targets for loop in place.loops[-2:]):
                    yield Found(
                        "window",
                        f"Slide a window over `{name}`: add what comes in, remove what goes out",
                    )


def recursions(function: FunctionNode, _: Sequence[Place]) -> Iterator[Found]:
    """A function that calls itself more than once."""
    for each in (n for n in ast.walk(function) if isinstance(n, FunctionNode)):
        if calls_of(each) > 1:
            yield Found("table", "Fill a table from the small cases up, instead of recursion")
            changes = _remembered(each) if each is function else _cached(each)
            yield Found("memo", "Remember the results of the recursion in a dict", changes)


def _cached(nested: FunctionNode) -> tuple[Change, ...]:
    """A function in a function can have a cache: that lives as long as one call."""
    return () if nested.decorator_list else (Before(nested, ("@cache",)),)


def _remembered(function: FunctionNode) -> tuple[Change, ...]:
    """Put the body into a function of its own, which has a cache, and calls itself."""
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    others = (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs, *arguments.defaults)
    calls = [n.func for n in ast.walk(function) if isinstance(n, ast.Call) and is_own(n, function)]
    body = function.body[ast.get_docstring(function) is not None :]
    if any(others) or isinstance(function, ast.AsyncFunctionDef) or not body:
        return ()
    if any(isinstance(each, ast.Attribute) for each in calls):
        names = names[1:]  # `self` is there without being told
    again = fresh(function, "again")
    handed = ", ".join(names)
    return (
        Before(body[0], ("@cache", f"def {again}({handed}):")),
        *map(Deeper, body),
        *(Instead(call, again) for call in calls),
        After(body[-1], ("", f"return {again}({handed})")),
    )
