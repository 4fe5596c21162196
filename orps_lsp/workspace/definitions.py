"""What a function uses from outside of its own file: definitions of the workspace, signatures."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orps_lsp.source.context import Piece
from orps_lsp.source.excerpt import excerpt, length
from orps_lsp.source.names import bindings, flattened, free_names
from orps_lsp.source.syntax import (
    DefinitionNode,
    Document,
    FunctionNode,
    Site,
    first_line,
    last_line,
)
from orps_lsp.workspace.files import Deadline, document, is_own

if TYPE_CHECKING:  # with it comes jedi, which only the process that looks is to have
    from orps_lsp.workspace.inference import Names, Target

MAX_NAMES = 80  # that are looked up
MAX_DEFINITIONS = 12
MAX_LINES = 20  # of one; a longer one is outlined, sooner than one of the same file
MAX_SIGNATURES = 6
MAX_SIGNATURE = 120  # characters, as for the first line of a docstring

# A part of a definition that is used is worth less than what is called by its name.
_ATTRIBUTE_WEIGHT = 0.6

# Of the standard library models know nearly all by heart, as of these packages.
_LESS_KNOWN = {"colorsys", "graphlib", "plistlib", "sched", "selectors", "tomllib", "zoneinfo"}
_WELL_KNOWN = (sys.stdlib_module_names - _LESS_KNOWN) | {
    *("numpy", "pandas", "pytest", "requests", "typing_extensions")
}


@dataclass(frozen=True, slots=True)
class Uses:
    """What a function uses; ``unread`` are files of the workspace that do not parse."""

    definitions: tuple[Piece, ...] = ()
    signatures: tuple[Piece, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class _Used:
    """A definition in another file, and how often the function names it."""

    path: Path
    document: Document
    qualname: str
    node: ast.stmt
    alias: str
    count: int
    is_attribute: bool


def collect(
    workspace: Path, file: Path, own: Document, site: Site, names: Names, deadline: Deadline
) -> Uses:
    """Look up what the function at ``site`` of ``own`` mentions, and does not itself define."""
    search = _Search(workspace, file)
    known = _WELL_KNOWN - _modules(workspace, workspace / "src", file.parent)
    for expression, count in mentioned(own, site, known).items():
        if deadline.is_over:
            break
        for target in names.targets(expression.line, expression.column):
            search.add(target, expression.name, count)
    return search.result()


def _modules(*folders: Path) -> set[str]:
    """Return the names of modules in these folders, which may stand before a package's."""
    return {path.stem for folder in folders for path in folder.glob("*.py")}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name, or the last one of a dotted expression, and where it stands (1-based, 0-based)."""

    name: str
    line: int
    column: int


def mentioned(
    document: Document, site: Site, known: Collection[str] = _WELL_KNOWN
) -> dict[Mention, int]:
    """Return what may be defined elsewhere, and how often each is mentioned: names first.

    What comes from the packages that are ``known`` is not worth a look.
    """
    inner = _imported(site.node.body)
    imported = {**_imported(document.tree.body), **inner}
    skipped = {name for name, package in imported.items() if package in known}
    free = free_names(site.node).keys() - _defined(document.tree.body)
    wanted = {name for name in free if name in imported or not hasattr(builtins, name)}
    wanted = (wanted | inner.keys()) - skipped
    first: dict[str, Mention] = {}
    counts: Counter[str] = Counter()
    for node in _loaded(site.node):
        if node.id in wanted if isinstance(node, ast.Name) else _root(node) not in skipped:
            text = ast.unparse(node)
            counts[text] += 1
            if text not in first:
                first[text] = _mention(document, node)
    ranked = sorted(first, key=lambda text: ("." in text, -counts[text]))
    return {first[text]: counts[text] for text in ranked[:MAX_NAMES]}


def _loaded(function: FunctionNode) -> Iterator[ast.Name | ast.Attribute]:
    for node in ast.walk(function):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            yield node


def _mention(document: Document, node: ast.Name | ast.Attribute) -> Mention:
    line = node.end_lineno or node.lineno
    end = document.characters(line, node.end_col_offset or 0)
    name = node.id if isinstance(node, ast.Name) else node.attr
    return Mention(name, line, end - len(name))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imported(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """Return the names that imports bind, each with the first part of its module's name."""
    found: dict[str, str] = {}
    for statement in flattened(statements):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                package = alias.name.partition(".")[0]
                found[alias.asname or package] = package
        elif isinstance(statement, ast.ImportFrom):
            package = "" if statement.level else (statement.module or "").partition(".")[0]
            found.update({alias.asname or alias.name: package for alias in statement.names})
    return found


def _defined(statements: Iterable[ast.stmt]) -> set[str]:
    """Return what a module binds itself, other than by imports."""
    own = (
        item for item in flattened(statements) if not isinstance(item, (ast.Import, ast.ImportFrom))
    )
    return bindings(
        item for item in own if isinstance(item, (DefinitionNode, ast.Assign, ast.AnnAssign))
    )


class _Search:
    """Sorts what names stand for into definitions to show and signatures to list."""

    def __init__(self, workspace: Path, file: Path) -> None:
        self._workspace = workspace
        self._file = file
        self._documents: dict[Path, Document | None] = {}
        self._used: dict[tuple[Path, int], _Used] = {}
        self._signatures: dict[str, tuple[Target, int]] = {}
        self._unread: dict[str, None] = {}

    def add(self, target: Target, name: str, count: int) -> None:
        path = target.file
        if path is not None and is_own(path, self._workspace):
            if path != self._file and path.suffix == ".py":
                self._add_definition(path, target.line, name, count)
        elif target.kind in ("function", "class") and target.package not in _WELL_KNOWN:
            known = self._signatures.get(target.full_name, (target, 0))
            self._signatures[target.full_name] = (target, known[1] + count)

    def _add_definition(self, path: Path, line: int, name: str, count: int) -> None:
        if path not in self._documents:
            self._documents[path] = document(path)
        read = self._documents[path]
        if read is None:
            self._unread[self._relative(path)] = None
            return
        found = _definition_at(read, line)
        if found is None:
            return
        qualname, node, is_attribute = found
        used = self._used.setdefault(
            (path, node.lineno), _Used(path, read, qualname, node, "", 0, is_attribute)
        )
        used.count += count
        used.is_attribute &= is_attribute
        if not is_attribute and name != qualname.rpartition(".")[2]:
            used.alias = name

    def result(self) -> Uses:
        shown = [used for used in self._used.values() if not self._is_within_another(used)]
        shown.sort(key=lambda used: (used.is_attribute, -used.count))
        signatures = sorted(self._signatures.values(), key=lambda item: -item[1])
        pieces = (_signature(target) for target, _ in signatures)
        return Uses(
            definitions=tuple(map(self._piece, shown[:MAX_DEFINITIONS])),
            signatures=tuple(piece for piece in pieces if piece)[:MAX_SIGNATURES],
            unread=tuple(self._unread),
        )

    def _is_within_another(self, used: _Used) -> bool:
        """Whether a definition that is shown whole has it in it."""
        return any(
            other is not used
            and other.path == used.path
            and length(other.node) <= MAX_LINES
            and first_line(other.node) <= first_line(used.node)
            and last_line(used.node) <= last_line(other.node)
            for other in self._used.values()
        )

    def _piece(self, used: _Used) -> Piece:
        where = self._relative(used.path)
        if "." in used.qualname:
            where += f": {used.qualname}"
        if used.alias:
            where += f" ({used.alias} here)"
        weight = _ATTRIBUTE_WEIGHT if used.is_attribute else 1.0
        return Piece(used.qualname, excerpt(used.document, used.node, MAX_LINES), weight, where)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._workspace).as_posix()


def _definition_at(document: Document, line: int) -> tuple[str, ast.stmt, bool] | None:
    """Return what the name on a line is defined by: qualified name, statement.

    For an attribute in a class body that is the class, and True comes with it.
    """
    pending: list[tuple[str, ast.ClassDef | None, ast.AST]] = [("", None, document.tree)]
    while pending:
        prefix, owner, scope = pending.pop()
        for node in flattened(getattr(scope, "body", ())):
            if not first_line(node) <= line <= last_line(node):
                continue
            if isinstance(node, DefinitionNode):
                name = f"{prefix}{node.name}"
                if node.lineno == line:
                    return name, node, False
                if isinstance(node, ast.ClassDef):
                    pending.append((f"{name}.", node, node))
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                if owner is not None:
                    return prefix.rstrip("."), owner, True
                names = sorted(bindings([node]))
                return (names[0] if names else ""), node, False
    return None


def _signature(target: Target) -> Piece | None:
    """Describe what comes from a package; None where that says nothing."""
    signature = target.signature()
    if not signature or len(signature) > MAX_SIGNATURE or signature.endswith("(*args, **kwargs)"):
        return None
    summary = target.summary()
    told = f"`{signature}`"
    if summary and len(summary) <= MAX_SIGNATURE and summary.isprintable():
        told += f": {summary}"
    return Piece(target.full_name, told, 1.0)
