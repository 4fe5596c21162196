"""Put a candidate's code into a function that is loaded already, where that changes nothing else.

The candidate's module may differ from the original in the body of the function, and in imports and
functions that it adds. All else would have to be run anew, and is refused.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

from . import probe
from .probe import FunctionNode

FunctionNodes = (ast.FunctionDef, ast.AsyncFunctionDef)
Scope = Union[ast.Module, ast.ClassDef]
_KINDS = 0x20 | 0x80 | 0x100 | 0x200  # CO_GENERATOR, CO_COROUTINE and their asynchronous kin


class Unswappable(Exception):
    """The candidate needs a module loaded anew."""


class Swap:
    """Swaps the function ``qualname`` of the module text ``original``, which is ``path``.

    Raises:
        Unswappable: it is no plain function or method of the module.
    """

    def __init__(self, original: str, qualname: str, path: str) -> None:
        self._text = _Text(original, path)
        self._path = path
        self._parts = qualname.split(".")
        self._scopes = _scopes(self._text.tree, self._parts)

    def apply(self, candidate: str, functions: Sequence[Callable[..., Any]]) -> None:
        """Give ``functions``, the loaded originals, the candidate's code, and what it adds.

        Raises:
            Unswappable: it differs in other places, or its code does not fit.
        """
        text = _Text(candidate, self._path)
        scopes = _scopes(text.tree, self._parts)
        added = self._compare(text, scopes)
        code = self._code(text.tree, scopes)
        if added:
            self._add(added, functions)
        for function in functions:
            before = function.__code__
            if before.co_freevars != code.co_freevars:
                raise Unswappable("it uses other variables of the functions around it")
            if before.co_flags & _KINDS != code.co_flags & _KINDS:
                raise Unswappable("it is another kind of function")
            function.__code__ = code

    def _compare(self, text: _Text, scopes: Sequence[Scope]) -> list[ast.stmt]:
        """Return what the candidate adds to the module."""
        added: list[ast.stmt] = []
        ends = [*scopes[1:], None]
        for depth, (old, new, inner) in enumerate(zip(self._scopes, scopes, ends)):
            known = iter(old.body)
            for statement in new.body:
                if statement is inner or (inner is None and self._is_target(statement)):
                    expected = next(known, None)
                    if expected is None or _head(expected) != _head(statement):
                        raise Unswappable("it changes more than the function's body")
                elif depth == 0 and text.of(statement) not in self._text.statements:
                    added.append(statement)
                else:
                    expected = next(known, None)
                    if expected is None or self._text.of(expected) != text.of(statement):
                        raise Unswappable("it changes other parts of the module")
            if next(known, None) is not None:
                raise Unswappable("it removes parts of the module")
        return added

    def _is_target(self, statement: ast.stmt) -> bool:
        return isinstance(statement, FunctionNodes) and statement.name == self._parts[-1]

    def _code(self, tree: ast.Module, scopes: Sequence[Scope]) -> types.CodeType:
        """Compile the function where it stands, without what stands around it."""
        probe.add_probe(tree, ".".join(self._parts), probe.SWAPPED)
        targets = [node for node in scopes[-1].body if self._is_target(node)]
        body: list[ast.stmt] = targets
        for scope in reversed(scopes[1:]):
            assert isinstance(scope, ast.ClassDef)
            scope.body = body
            body = [scope]
        tree.body = [*_future_imports(tree.body), *body]
        code = compile(tree, self._path, "exec", dont_inherit=True)
        for name in self._parts:
            found = [item for item in code.co_consts if _is_code(item, name)]
            if len(found) != 1:
                raise Unswappable("its code cannot be told from others'")
            code = found[0]
        return code

    def _add(self, added: Sequence[ast.stmt], functions: Sequence[Callable[..., Any]]) -> None:
        futures = _future_imports(self._text.tree.body)
        module = ast.Module(body=[*futures, *added], type_ignores=[])
        code = compile(module, self._path, "exec", dont_inherit=True)
        names = {name for statement in added for name in _bound(statement)}
        spaces: dict[int, dict[str, Any]] = {}
        for function in functions:
            space = function.__globals__
            spaces[id(space)] = space
        for space in spaces.values():
            if not names.isdisjoint(space):
                raise Unswappable("it replaces other names of the module")
            try:
                exec(code, space)
            except Exception as error:
                raise Unswappable(f"what it adds does not load: {error}") from None


class _Text:
    """A module's text with its tree."""

    def __init__(self, text: str, path: str) -> None:
        try:
            self.tree = ast.parse(text, path)
        except SyntaxError as error:
            raise Unswappable(f"it does not parse: {error}") from None
        self._lines = text.splitlines()
        self.statements = {self.of(statement) for statement in self.tree.body}

    def of(self, node: ast.stmt) -> str:
        """Return the lines of a statement: equal lines are equal code."""
        return "\n".join(self._lines[_first_line(node) - 1 : node.end_lineno])


def _head(node: ast.stmt) -> str:
    """Return what stands before the body of a function or class, without its layout."""
    if not isinstance(node, (*FunctionNodes, ast.ClassDef)):
        return ""
    body, node.body = node.body, []
    try:
        return ast.dump(node)
    finally:
        node.body = body


def _scopes(tree: ast.Module, parts: Sequence[str]) -> list[Scope]:
    """Return the module and the classes around the function."""
    scopes: list[Scope] = [tree]
    for name in parts[:-1]:
        found = [n for n in scopes[-1].body if isinstance(n, ast.ClassDef) and n.name == name]
        if len(found) != 1:
            raise Unswappable("it is inside of another function, or defined under conditions")
        scopes.append(found[0])
    found_functions: list[FunctionNode] = [
        n for n in scopes[-1].body if isinstance(n, FunctionNodes) and n.name == parts[-1]
    ]
    if len(found_functions) != 1:
        raise Unswappable("it is defined more than once, or under conditions")
    return scopes


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    first: int = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return first


def _future_imports(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that an added statement binds.

    Raises:
        Unswappable: it is no import and no function, so that its place may matter.
    """
    if isinstance(statement, FunctionNodes) and not statement.decorator_list:
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            if alias.name == "*":
                raise Unswappable("it imports all names of a module")
            yield (alias.asname or alias.name).partition(".")[0]
    else:
        raise Unswappable("it adds more than imports and functions")


def _is_code(item: object, name: str) -> bool:
    return isinstance(item, types.CodeType) and item.co_name == name
