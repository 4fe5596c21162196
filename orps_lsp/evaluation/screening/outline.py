"""A module apart from the body of one function: what a new version of that must leave alone."""

from __future__ import annotations

import ast
import builtins
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orps_lsp.evaluation.screening import scopes
from orps_lsp.evaluation.screening.vocabulary import is_special

_ADDABLE = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)
_IGNORED_FIELDS = frozenset({"kind", "type_comment"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement at the top level of a module; two of the same ``mark`` do the same."""

    mark: str
    binds: frozenset[str]
    loads_packages: bool  # `import a.b`, which only adds to what `a` is
    defines_another: bool  # a function or class that does not hold the function
    refusal: str  # why it cannot be added to a module, empty if it can


@dataclass(frozen=True, slots=True)
class Header:
    """How a function is called. Annotations do not count."""

    is_async: bool
    is_generator: bool
    parameters: str
    decorators: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A module around the function ``name``. Keeps no syntax tree."""

    name: str
    header: Header
    statements: tuple[Statement, ...]
    has_docstring: bool

    @property
    def others(self) -> frozenset[str]:
        """The marks of the definitions that do not hold the function."""
        return frozenset(item.mark for item in self.statements if item.defines_another)


@dataclass(frozen=True, slots=True)
class TakenNames:
    """Names that mean something to a module, ``packages`` only by `import a` or `import a.b`."""

    names: frozenset[str]
    packages: frozenset[str]


def outline(text: str, tree: ast.Module, site: Sequence[scopes.Definition]) -> Outline:
    """Describe the module ``text`` around the last of ``site``, which :func:`find` returns.

    Of other statements the lines count, so that their comments may not change either.
    """
    function = site[-1]
    assert isinstance(function, scopes.NamedFunction)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Outline(
        name=function.name,
        header=_header(function),
        statements=tuple(_statement(item, lines, site) for item in tree.body),
        has_docstring=ast.get_docstring(tree) is not None,
    )


def taken_names(tree: ast.Module) -> TakenNames:
    used = {
        name
        for node, scope in scopes.walk(tree)
        for name in _names(node)
        if name not in scope.local
    }
    others = scopes.bound(item for item in tree.body if not _loads_packages(item))
    packages = scopes.bound(item for item in tree.body if _loads_packages(item)) - others
    return TakenNames(others | packages | used, packages)


def find(tree: ast.Module, qualname: str) -> tuple[scopes.Definition, ...] | None:
    """Return the function that ``qualname`` is bound to at the end, behind what it is defined in.

    Of several definitions that is the last one that is not an ``@overload``.
    """
    found: list[tuple[scopes.Definition, ...]] = []
    pending: list[tuple[ast.AST, tuple[scopes.Definition, ...]]] = [(tree, ())]
    while pending:
        node, around = pending.pop()
        if isinstance(node, scopes.Definition):
            around = (*around, node)
            name = ".".join(item.name for item in around)
            if name == qualname and isinstance(node, scopes.NamedFunction):
                found.append(around)
            elif not qualname.startswith(f"{name}."):
                continue
        blocks = (it for it in ast.iter_child_nodes(node) if isinstance(it, _BLOCKS))
        pending.extend((item, around) for item in blocks)
    found.sort(key=lambda site: (not _is_overload(site[-1]), site[-1].lineno))
    return found[-1] if found else None


def difference(original: Outline, candidate: Outline, taken: TakenNames) -> str | None:
    """Say what ``candidate`` changes beside the function's body, None if only harmless things."""
    return _header_change(original, candidate) or _module_change(original, candidate, taken)


def _header_change(original: Outline, candidate: Outline) -> str | None:
    name, before, after = original.name, original.header, candidate.header
    if before.is_async != after.is_async:
        return f"It makes '{name}' {'async' if after.is_async else 'not async'}."
    if before.parameters != after.parameters:
        return f"It changes the parameters of '{name}'."
    if before.decorators != after.decorators:
        return f"It changes the decorators of '{name}'."
    if before.is_generator != after.is_generator:
        return f"It makes '{name}' {'a' if after.is_generator else 'no longer a'} generator."
    return None


def _module_change(original: Outline, candidate: Outline, names: TakenNames) -> str | None:
    changed = f"It changes more of the module than '{original.name}'."
    if original.has_docstring and candidate.statements[0].mark != original.statements[0].mark:
        return changed
    added: list[Statement] = []
    rest = iter(candidate.statements)
    for wanted in original.statements:
        for statement in rest:
            if statement.mark == wanted.mark:
                break
            added.append(statement)
        else:
            return changed
    added.extend(rest)
    return next((reason for item in added if (reason := _refuse_added(item, names))), None)


def _refuse_added(statement: Statement, taken: TakenNames) -> str | None:
    if statement.refusal:
        return statement.refusal
    known = taken.names - taken.packages if statement.loads_packages else taken.names
    for name in sorted(statement.binds):
        if name in known or is_special(name) or hasattr(builtins, name):
            return f"It binds '{name}', which has a meaning already."
    return None


def _statement(
    node: ast.stmt, lines: Sequence[str], site: Sequence[scopes.Definition]
) -> Statement:
    is_around = node.lineno <= site[0].lineno <= (node.end_lineno or 0)
    return Statement(
        mark=_mark(node, hole=site[-1]) if is_around else _text(node, lines),
        binds=scopes.bound([node]),
        loads_packages=_loads_packages(node),
        defines_another=isinstance(node, scopes.Definition) and not is_around,
        refusal=_refuse_statement(node),
    )


def _text(node: ast.stmt, lines: Sequence[str]) -> str:
    """Return a hash of a statement's lines, decorators included."""
    decorators = getattr(node, "decorator_list", ())
    start = min(item.lineno for item in (node, *decorators))
    text = "\n".join(lines[start - 1 : node.end_lineno])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _loads_packages(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and not any(alias.asname for alias in node.names)


def _refuse_statement(node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return "It changes the language with an import from '__future__'."
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    writes_names = all(
        isinstance(part, ast.Name | ast.Tuple | ast.List | ast.Starred | ast.expr_context)
        for target in filter(None, targets)
        for part in ast.walk(target)
    )
    if isinstance(node, _ADDABLE) and writes_names:
        return ""
    return "It adds a statement to the module that is no import and no definition."


def _header(function: scopes.NamedFunction) -> Header:
    nodes = scopes.own_nodes(function)
    return Header(
        is_async=isinstance(function, ast.AsyncFunctionDef),
        is_generator=any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes),
        parameters=_mark(function.args, ignored=_IGNORED_FIELDS | {"annotation"}),
        decorators="".join(map(_mark, function.decorator_list)),
    )


def _mark(
    node: ast.AST, hole: ast.AST | None = None, ignored: frozenset[str] = _IGNORED_FIELDS
) -> str:
    """Return a hash of a tree without positions; not recursive. All of ``hole`` looks the same."""
    hashed = hashlib.sha256()
    pending: list[object] = [node]
    while pending:
        item = pending.pop()
        if item is hole and hole is not None:
            text = "the function"
        elif isinstance(item, ast.AST):
            text = type(item).__name__
            fields = (field for field in item._fields if field not in ignored)
            pending.extend(getattr(item, field, None) for field in fields)
        elif isinstance(item, list):
            text = f"{len(item)} items"
            pending.extend(item)
        elif isinstance(item, int):  # Python refuses to write very long ones in decimal
            text = f"{type(item).__name__} {item:x}"
        else:
            text = repr(item)
        hashed.update(f"{text}\n".encode(errors="surrogatepass"))
    return hashed.hexdigest()


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Global):
        yield from node.names


def _is_overload(node: scopes.Definition) -> bool:
    return any(scopes.last_name(item) == "overload" for item in node.decorator_list)
