"""What in a module outlives a call: caches, and writes to what calls share.

Such state makes the second run of the same input look infinitely fast, and grows without end.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeGuard

from orps_lsp.evaluation.screening import scopes
from orps_lsp.evaluation.screening.vocabulary import CACHES, MUTATING_FUNCTIONS, MUTATORS

_Mutable: TypeAlias = ast.Dict | ast.List | ast.Set | ast.Call | scopes.Comprehension


def findings(tree: ast.Module, site: Sequence[scopes.Definition]) -> Iterator[str]:
    """Yield a sentence for each thing that a candidate may not introduce.

    ``site`` is the function under refinement behind the definitions around it.
    """
    yield from _caches(tree)
    yield from _State(tree, site).findings()


def accustomed(tree: ast.Module) -> Iterator[str]:
    """Yield the findings that are none where a module sets attributes of the same names."""
    for node in ast.walk(tree):
        if _is_set(node):
            yield _sets(node.attr)


def _is_set(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _sets(attribute: str) -> str:
    return f"It sets '{attribute}' of an argument, which may keep state between calls."


def _caches(tree: ast.Module) -> Iterator[str]:
    """Caches that are made when the module loads, by decorators or otherwise."""
    imported = scopes.imported_from(tree)
    decorated: dict[int, str] = {}  # parts of a decorator: the name of what it decorates
    for node, scope in scopes.walk(tree):
        if scope.frames:
            continue
        if isinstance(node, scopes.NamedFunction):
            for decorator in node.decorator_list:
                decorated.update((id(part), f"'{node.name}'") for part in ast.walk(decorator))
        name = scopes.last_name(node)
        if imported.get(name, name) in CACHES:
            who = decorated.get(id(node), "What it makes when it is imported")
            yield f"{who} caches between calls, which cannot be measured fairly."


class _State:
    """Which names stand for what calls share, and what changes it."""

    def __init__(self, tree: ast.Module, site: Sequence[scopes.Definition]) -> None:
        self._tree = tree
        self._function = site[-1]
        self._around = site[:-1]
        self._modules = scopes.bound(
            node for node in ast.walk(tree) if isinstance(node, ast.Import)
        )
        self._other_methods = {
            item
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and node not in self._around
            for item in node.body
        }
        self._aliases: dict[ast.AST, frozenset[str]] = {}

    def findings(self) -> Iterator[str]:
        for node, scope in scopes.walk(self._tree):
            if not scope.frames:
                continue
            if (name := self._changed(node)) and self._is_shared(name, scope):
                yield f"It keeps state in '{name}' between calls."
            if isinstance(node, ast.Nonlocal) and scope.frames[-1].function is self._function:
                yield from (f"It declares 'nonlocal {name}'." for name in node.names)
            elif _is_set(node) and self._is_given(scopes.root(node), scope.frames):
                yield _sets(node.attr)

    def _changed(self, node: ast.AST) -> str | None:
        """Return the name through which ``node`` changes what the name stands for."""
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                return scopes.root(node)
            case ast.Subscript(ctx=ast.Store() | ast.Del()):
                return scopes.root(node)
            case ast.Attribute(attr=name) if name in MUTATORS:
                owner = scopes.root(node)
                # `np.append(a, b)` and `list.append(a, b)` change neither np nor list.
                return None if owner in self._modules or _is_builtin(owner) else owner
            case ast.Call(func=function, args=[first, *_]):
                name = scopes.last_name(function)
                is_method = isinstance(function, ast.Attribute) and _is_builtin(
                    scopes.root(function)
                )
                changes = name in MUTATING_FUNCTIONS or (is_method and name in MUTATORS)
                return scopes.root(first) if changes else None
            case ast.AugAssign(target=ast.Name(id=name)):
                return name
        return None

    def _is_shared(self, name: str, scope: scopes.Scope) -> bool:
        """Whether a name stands for something that another call sees, too."""
        for depth, frame in reversed(list(enumerate(scope.frames))):
            if name in frame.names:
                return self._outlives(name, frame, scope.frames[:depth])
        return name not in scope.local

    def _outlives(self, name: str, frame: scopes.Frame, around: tuple[scopes.Frame, ...]) -> bool:
        """Whether a local name stands for something that outlives a call of the function."""
        if frame.function in self._around:
            return True
        made_once = all(outer.function in self._around for outer in around)
        if made_once and name in _mutable_defaults(frame.function):
            return True
        return name in self._aliases_in(frame, around)

    def _aliases_in(self, frame: scopes.Frame, around: tuple[scopes.Frame, ...]) -> frozenset[str]:
        """Return the local names that only ever stand for something shared: ``m = MEMO``."""
        function = frame.function
        if function not in self._aliases:
            owners = _owners(function)
            scope = scopes.Scope((*around, frame), frame.local)
            # An alias of an alias is one: all are taken for aliases until they turn out not to be.
            self._aliases[function] = frozenset(owners)
            while wrong := {
                name
                for name in self._aliases[function]
                if not all(self._is_shared(owner, scope) for owner in owners[name])
            }:
                self._aliases[function] -= wrong
        return self._aliases[function]

    def _is_given(self, name: str | None, frames: Sequence[scopes.Frame]) -> bool:
        """Whether a name is a parameter; other classes' methods may set up their own objects."""
        for frame in reversed(frames):
            if name in frame.names:
                is_own = frame.function in self._other_methods and name == _first(frame.function)
                return name in scopes.parameters(frame.function) and not is_own
        return False


def _is_builtin(name: str | None) -> bool:
    return name is not None and hasattr(builtins, name)


def _owners(function: scopes.AnyFunction) -> dict[str, list[str]]:
    """Return what a function's names may stand for parts of: ``m = MEMO[0]`` gives m -> [MEMO].

    Modules that it imports stand for nothing but what is shared. Names that it also binds otherwise
    are left out.
    """
    owners: dict[str, list[str]] = {}
    bindings: Counter[str] = Counter(scopes.parameters(function))
    for node in scopes.own_nodes(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                bindings[name] += 1
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.For(target=ast.Name(id=name), iter=value)
            ):
                if owner := scopes.root(value):
                    owners.setdefault(name, []).append(owner)
            case ast.Import() | ast.ImportFrom():
                owners.update({name: [] for name in scopes.bound([node])})
    return {name: found for name, found in owners.items() if len(found) == bindings[name]}


def _first(function: scopes.AnyFunction) -> str | None:
    """Return the first parameter, which is the object itself in a method."""
    positional = [*function.args.posonlyargs, *function.args.args]
    return positional[0].arg if positional else None


def _mutable_defaults(function: scopes.AnyFunction) -> set[str]:
    """Return parameters whose default is made once and can be changed, save for rebound ones."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    pairs += [
        (name, value)
        for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    ]
    rebound: Counter[str] = Counter()
    for node in scopes.own_nodes(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                rebound[name] += 1
            case ast.AugAssign(target=ast.Name(id=name)):
                rebound[name] -= 1  # it binds, but the same list as before
    return {
        name.arg for name, value in pairs if isinstance(value, _Mutable) and not rebound[name.arg]
    }
