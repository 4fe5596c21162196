"""Tell candidates apart that differ in more than words."""

from __future__ import annotations

import ast
import hashlib
import symtable
from collections.abc import Iterator

from orps_lsp.source.syntax import FunctionNode, docstring_node, first_line, parse

_SEES_LOCAL_NAMES = {"locals", "vars", "dir", "eval", "exec"}


def fingerprint(code: str) -> str:
    """Return a hash that two pieces of code share only if they do the same trivially.

    Layout, comments, docstrings, annotations of functions and the names of local variables do not
    count.

    Raises:
        SourceSyntaxError: the code does not parse.
    """
    tree = parse(code)
    try:
        canonical = ast.dump(_canonical(tree))
    except RecursionError:  # a sum of very many terms: only its very text is the same then
        canonical = code
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()


def _canonical(tree: ast.Module) -> ast.Module:
    # Positions and scopes must agree with the tree, so both are made from the same text.
    bare = ast.unparse(ast.fix_missing_locations(_Bare().visit(tree)))
    tree = parse(bare)
    try:
        tables = symtable.symtable(bare, "<candidate>", "exec").get_children()
    except SyntaxError:  # nonlocal in a function that was taken out of another one
        return tree
    by_place = {(table.get_name(), table.get_lineno()): table for table in tables}
    for node in tree.body:
        if isinstance(node, FunctionNode):
            table = by_place.get((node.name, node.lineno)) or by_place.get(
                (node.name, first_line(node))
            )
            if table is not None:
                _Renamed(_local_names(node, table)).visit(node)
    return tree


class _Bare(ast.NodeTransformer):
    """Removes docstrings, and annotations where they have no effect."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: FunctionNode) -> ast.AST:
        node.returns = None
        self._drop_docstring(node)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._drop_docstring(node)
        kept = [item for item in node.body if isinstance(item, ast.AnnAssign)]  # dataclass fields
        for item in node.body:
            if item not in kept:
                self.visit(item)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return ast.Pass()
        return ast.Assign(targets=[node.target], value=node.value)

    def _drop_docstring(self, node: FunctionNode | ast.ClassDef) -> None:
        if docstring_node(node):
            node.body = node.body[1:] or [ast.Pass()]


class _Renamed(ast.NodeTransformer):
    """Replaces local names by numbers in order of appearance, which no identifier can be."""

    def __init__(self, local: set[str]) -> None:
        self._local = local
        self._numbers: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._local:
            node.id = self._numbers.setdefault(node.id, str(len(self._numbers)))
        return node


def _local_names(node: FunctionNode, table: symtable.SymbolTable) -> set[str]:
    """Return names that can be replaced throughout a function without changing what it does.

    That is safe for a name that no scope in the function takes from outside of it, that no caller
    can name (parameters), and that the tree holds in ``ast.Name`` nodes only.
    """
    symbols = [symbol for scope in _scopes(table) for symbol in scope.get_symbols()]
    local = {symbol.get_name() for symbol in symbols if symbol.is_local()}
    for symbol in symbols:
        fixed = symbol.is_parameter() or symbol.is_imported() or symbol.is_namespace()
        if fixed or symbol.is_global():
            local.discard(symbol.get_name())
    for item in ast.walk(node):
        match item:
            case ast.ClassDef():
                return set()
            case ast.Name(id=name) if name in _SEES_LOCAL_NAMES:
                return set()
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                local.difference_update(names)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                local.discard(name)
    return local


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)
