"""What a reader must see beside a function to understand it: for the prompt."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orps_lsp.source.excerpt import FULL_TEXT_LINES, class_header, excerpt
from orps_lsp.source.locate import Function, site_of
from orps_lsp.source.names import bindings, flattened, free_names, parameters
from orps_lsp.source.syntax import DefinitionNode, Document, FunctionNode, Site, last_name

_WEIGHT_BY_DEPTH = (1.0, 0.5)
_CONSTRUCTOR_WEIGHT = 0.9  # what the function names itself comes before how its object was made


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing worth showing, whole or not at all; ``weight`` is 1 for the most relevant.

    ``where`` is its file as seen from the workspace, empty for the function's own; with the line
    for a call.
    """

    name: str
    text: str
    weight: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds a function, each in order of relevance.

    ``imports`` are the module's, one a line, those first that the function or its definitions use.
    ``class_header`` is the class statement of a method with docstring and class attributes.
    ``elsewhere`` are definitions of other files that the function uses, ``signatures`` are of what
    it uses from packages, ``calls`` are statements of the workspace that call it.
    """

    imports: str
    definitions: tuple[Piece, ...]
    class_header: str
    elsewhere: tuple[Piece, ...] = ()
    signatures: tuple[Piece, ...] = ()
    calls: tuple[Piece, ...] = ()


def collect(source: str, function: Function) -> Context:
    """Collect what ``function`` uses in its own file.

    Raises:
        SourceSyntaxError: the file does not parse.
        FunctionNotFound: ``function`` is not of this source.
    """
    document = Document(source)
    site = site_of(document.tree, function)
    collector = _Collector(document, site)
    definitions = collector.definitions()
    header = class_header(document, collector.owner) if collector.owner else ""
    return Context(_imports(document, collector.used), definitions, header)


@dataclass(frozen=True, slots=True)
class _Use:
    """A definition that is used: its name, how relevant, how often; ``owner`` of a method."""

    name: str
    node: ast.stmt
    weight: float
    count: int
    owner: ast.ClassDef | None = None


class _Collector:
    """Follows names from a function to their definitions, breadth first."""

    def __init__(self, document: Document, site: Site) -> None:
        self.document = document
        self.site = site
        self.used: set[str] = set()
        parent = site.parents[-1] if site.parents else None
        self.owner = parent if isinstance(parent, ast.ClassDef) else None
        self._own = {id(site.node), *map(id, site.parents)}
        scopes = [node.body for node in site.parents if isinstance(node, FunctionNode)]
        self._table: dict[str, ast.stmt] = {}
        for body in (document.tree.body, *scopes):  # inner scopes hide outer ones
            self._table.update(_definitions(body))

    def definitions(self) -> tuple[Piece, ...]:
        found = {id(use.node): use for use in self._surroundings()}
        frontier = [_Use(self.site.qualname, self.site.node, 1.0, 1, self.owner)]
        for weight in _WEIGHT_BY_DEPTH:
            reached = [use for start in frontier for use in self._uses(start, weight)]
            frontier = []
            for use in reached:
                known = found.get(id(use.node))
                if known is None or known.weight < use.weight:
                    found[id(use.node)] = use
                    frontier.append(use)
        ranked = sorted(found.values(), key=lambda use: (-use.weight, -use.count, use.node.lineno))
        return tuple(Piece(use.name, self._excerpt(use.node), use.weight) for use in ranked)

    def _uses(self, start: _Use, weight: float) -> Iterator[_Use]:
        """Yield what the definition ``start`` mentions."""
        names = free_names(start.node)
        self.used.update(names)
        for name, count in names.items():
            definition = self._table.get(name)
            if definition is not None and id(definition) not in self._own:
                yield _Use(name, definition, weight, count)
        if start.owner is not None and isinstance(start.node, FunctionNode):
            for attribute, count in _attributes_of_self(start.node, start.owner.name).items():
                yield from self._member(start.owner, attribute, weight, count)

    def _surroundings(self) -> Iterator[_Use]:
        """Yield a method's constructor and base classes, or the function around a closure."""
        if self.owner is not None:
            yield from self._member(self.owner, "__init__", _CONSTRUCTOR_WEIGHT, 1)
            for base in map(last_name, self.owner.bases):
                definition = self._table.get(base)
                if definition is not None and definition is not self.owner:
                    yield _Use(base, definition, _WEIGHT_BY_DEPTH[1], 1)
        free = set(free_names(self.site.node))
        for position, parent in enumerate(self.site.parents):
            if isinstance(parent, FunctionNode) and free & parameters(parent.args):
                name = ".".join(item.name for item in self.site.parents[: position + 1])
                yield _Use(name, parent, _CONSTRUCTOR_WEIGHT, 1)

    def _member(
        self, owner: ast.ClassDef, name: str, weight: float, count: int, seen: tuple[str, ...] = ()
    ) -> Iterator[_Use]:
        """Yield a method of a class, or of those of its bases that the module defines."""
        for item in reversed(owner.body):
            if isinstance(item, FunctionNode) and item.name == name and id(item) not in self._own:
                yield _Use(f"{owner.name}.{name}", item, weight, count, owner)
                return
        for base in map(last_name, owner.bases):
            definition = self._table.get(base)
            if isinstance(definition, ast.ClassDef) and base not in seen:
                yield from self._member(definition, name, weight, count, (*seen, base))

    def _excerpt(self, node: ast.stmt) -> str:
        """What surrounds the function is outlined: the function itself is in it."""
        return excerpt(self.document, node, 0 if id(node) in self._own else FULL_TEXT_LINES)


def _definitions(body: Iterable[ast.AST]) -> Iterator[tuple[str, ast.stmt]]:
    for statement in flattened(body):
        if isinstance(statement, (DefinitionNode, ast.Assign, ast.AnnAssign)):
            yield from ((name, statement) for name in bindings([statement]))


def _attributes_of_self(node: FunctionNode, class_name: str) -> dict[str, int]:
    """Count the attributes that a method reads from its object or its class."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    objects = {class_name, arguments[0].arg} if arguments else {class_name}
    counts: dict[str, int] = {}
    for item in ast.walk(node):
        if isinstance(item, ast.Attribute):
            value = item.value
            is_super = isinstance(value, ast.Call) and last_name(value.func) == "super"
            if is_super or (isinstance(value, ast.Name) and value.id in objects):
                counts[item.attr] = counts.get(item.attr, 0) + 1
    return counts


def _imports(document: Document, used: set[str]) -> str:
    """Return the module's imports, those that bind a used name first."""
    ranked: dict[str, bool] = {}
    for statement in flattened(document.tree.body):
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                continue
            text = ast.unparse(statement)
            ranked[text] = ranked.get(text, False) or not used.isdisjoint(bindings([statement]))
    return "\n".join(sorted(ranked, key=lambda text: not ranked[text]))
