"""What in a module reaches out of ordinary code: into the system, the interpreter, the tests."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from orps_lsp.evaluation.screening import scopes
from orps_lsp.evaluation.screening.vocabulary import (
    FORBIDDEN_ATTRIBUTES,
    FORBIDDEN_METHODS,
    FORBIDDEN_NAMES,
    HARMLESS_MEMBERS,
    HARMLESS_SPECIAL_NAMES,
    REACHED_THROUGH_MODULES,
    SETTABLE_SPECIAL_ATTRIBUTES,
    SPECIAL_IN_TEXTS,
    is_forbidden_module,
    is_special,
)

Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

_LOOKUPS = frozenset({"getattr", "attrgetter", "methodcaller"})
_COMPUTED = "It looks up attributes by computed names."
# Functions that are given `type` to ask for it or to apply it to one thing, not to make a type.
_APPLY_TYPE = frozenset({"isinstance", "issubclass", "map", "groupby"})
_ASKED = re.compile(
    rf"(?<!\w)(?:{'|'.join(SPECIAL_IN_TEXTS | FORBIDDEN_METHODS | FORBIDDEN_ATTRIBUTES)})(?!\w)"
)


def findings(tree: ast.Module) -> Iterator[str]:
    """Yield a sentence for each thing that a candidate may not introduce."""
    yield from _imports(tree)
    yield from _Reach(tree).findings()


def docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the docstrings of the module, the classes and the functions in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield first.value


def _imports(tree: ast.Module) -> Iterator[str]:
    for name in _forbidden_imports(tree):
        yield f"It imports '{name}', which the module does not need."
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if alias.name.lstrip("_") in REACHED_THROUGH_MODULES or is_special(alias.name):
                    yield f"It imports '{alias.name}' from '{node.module}'."
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"It imports everything from '{'.' * node.level}{node.module or ''}'."


def _forbidden_imports(tree: ast.Module) -> Iterator[str]:
    whole: dict[str, str] = {}  # local name -> module, for those with harmless members
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in HARMLESS_MEMBERS:
                    whole[alias.asname or alias.name] = alias.name
                elif is_forbidden_module(alias.name):
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {alias.name for alias in node.names}
            harmless = names <= HARMLESS_MEMBERS.get(node.module, frozenset())
            if is_forbidden_module(node.module) and not harmless:
                yield node.module
    if not whole:
        return
    settled: set[int] = set()
    for node in ast.walk(tree):  # an attribute comes before the name that it is an attribute of
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in HARMLESS_MEMBERS.get(whole.get(node.value.id, ""), ()):
                settled.add(id(node.value))
        elif isinstance(node, ast.Name) and node.id in whole and id(node) not in settled:
            yield whole[node.id]


class _Reach:
    """One pass over a module's nodes, parents first."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._imported_from = scopes.imported_from(tree)
        self._modules = _imported_names(tree)
        self._templates = _constant_texts(tree)
        # Nodes that a parent has found to be all right.
        self._settled = {id(node) for node in docstrings(tree)}

    def findings(self) -> Iterator[str]:
        for node, scope in scopes.walk(self._tree):
            match node:
                case ast.Name():
                    yield from self._name(node, scope)
                case ast.Attribute():
                    yield from self._attribute(node)
                case ast.Call():
                    yield from self._call(node)
                case ast.Constant(value=str(text)) if id(node) not in self._settled:
                    yield from _text(text)
                case ast.ClassDef():
                    yield from _class(node)
                case ast.MatchClass():
                    self._settle_type(node.cls)
                    for name in node.kwd_attrs:
                        yield from _attribute_name(name)
                case ast.ExceptHandler(type=None):
                    yield "It catches everything with a bare 'except'."
                case ast.Global():
                    yield from (f"It declares 'global {name}'." for name in node.names)
                case ast.Compare():
                    for operand in (node.left, *node.comparators):
                        self._settle_type(operand)
                case ast.Subscript():
                    self._settle_type(node.value)
                case _:
                    self._settle_types_in(getattr(node, "annotation", None))
                    self._settle_types_in(getattr(node, "returns", None))

    def _name(self, node: ast.Name, scope: scopes.Scope) -> Iterator[str]:
        name = node.id
        if name in scope.local and name not in self._imported_from:
            return
        if name in FORBIDDEN_NAMES or (is_special(name) and name not in HARMLESS_SPECIAL_NAMES):
            yield f"It uses '{name}'."
        elif id(node) in self._settled:
            return
        elif self._meaning(name) in _LOOKUPS:
            yield _COMPUTED
        elif name == "type":
            yield "It makes types at run time."

    def _attribute(self, node: ast.Attribute) -> Iterator[str]:
        yield from _attribute_name(node.attr)
        stores = not isinstance(node.ctx, ast.Load)
        if stores and is_special(node.attr) and node.attr not in SETTABLE_SPECIAL_ATTRIBUTES:
            yield f"It sets '{node.attr}'."
        if node.attr.lstrip("_") in REACHED_THROUGH_MODULES and scopes.root(node) in self._modules:
            yield f"It reaches into '{node.attr}'."
        if node.attr in _LOOKUPS and id(node) not in self._settled:
            yield _COMPUTED
        if node.attr in ("format", "format_map") and not self._is_constant_text(node.value):
            yield "It formats with a computed template."

    def _call(self, node: ast.Call) -> Iterator[str]:
        called = self._meaning(scopes.last_name(node.func))
        if called in _LOOKUPS and _looks_up_by_given_name(called, node):
            self._settled.add(id(node.func))
            if called == "getattr":
                yield from _attribute_name(str(getattr(node.args[1], "value", "")))
        if called == "type" and len(node.args) == 1 and not node.keywords:
            self._settle_type(node.func)
        if called in _APPLY_TYPE:
            for argument in node.args:
                self._settle_types_in(argument)
        for keyword in node.keywords:
            if keyword.arg == "key":
                self._settle_type(keyword.value)

    def _meaning(self, name: str) -> str:
        return self._imported_from.get(name, name)

    def _is_constant_text(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._templates
        return isinstance(node, ast.Constant)

    def _settle_type(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name) and node.id == "type":
            self._settled.add(id(node))

    def _settle_types_in(self, node: ast.AST | None) -> None:
        for item in ast.walk(node) if node else ():
            self._settle_type(item)


def _attribute_name(name: str) -> Iterator[str]:
    if name in FORBIDDEN_ATTRIBUTES or (is_special(name) and name not in HARMLESS_SPECIAL_NAMES):
        yield f"It reaches into '{name}'."


def _text(text: str) -> Iterator[str]:
    """Find attributes that a text can ask for: ``attrgetter("a.__globals__")``, a template."""
    if "_" in text:
        yield from (f"It reaches into '{name}'." for name in sorted(set(_ASKED.findall(text))))


def _class(node: ast.ClassDef) -> Iterator[str]:
    for name in sorted(scopes.bound(node.body) & FORBIDDEN_METHODS):
        yield f"It defines '{name}' in '{node.name}', which could make a wrong result look right."
    for keyword in node.keywords:
        if keyword.arg in ("metaclass", None):
            yield f"It gives '{node.name}' a metaclass."


def _looks_up_by_given_name(called: str, node: ast.Call) -> bool:
    names = {"getattr": node.args[1:2], "methodcaller": node.args[:1]}.get(called, node.args)
    return bool(names) and all(
        isinstance(name, ast.Constant) and isinstance(name.value, str) for name in names
    )


def _imported_names(tree: ast.Module) -> frozenset[str]:
    return scopes.bound(
        node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
    )


def _constant_texts(tree: ast.Module) -> frozenset[str]:
    """Return the names that are only ever bound to literal texts."""
    bindings: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bindings[name] += 1
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str())):
                texts[name] += 1
    return frozenset(name for name, count in texts.items() if count == bindings[name])
