"""Where the imports that a candidate needs go in a module."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orps_lsp.source.names import bindings, flattened, parameters
from orps_lsp.source.syntax import (
    Document,
    FunctionNode,
    Site,
    docstring_node,
    first_line,
    last_line,
    last_name,
    nested_statements,
)

# Comments that mean something only on the first lines of a file (PEP 263).
_MUST_STAY_FIRST = re.compile(r"#!|#.*?coding[:=]")


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name that an import binds, as an import statement of its own."""

    bound: str
    module: str  # with its leading dots
    text: str

    @property
    def is_from(self) -> bool:
        return self.text.startswith("from ")

    @property
    def is_package(self) -> bool:
        """Whether it is ``import a.b`` without another name, which binds ``a``."""
        return self.text == f"import {self.module}"


@dataclass(frozen=True, slots=True)
class Insertion:
    """Lines to put before a 0-based line; they have no line ends."""

    line: int
    lines: tuple[str, ...]


def imported_names(statement: ast.stmt) -> Iterator[ImportedName]:
    """Split an import into its names; ``__future__`` provides none, it changes the module."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            bound = alias.asname or alias.name.partition(".")[0]
            suffix = f" as {alias.asname}" if alias.asname not in (None, alias.name) else ""
            yield ImportedName(bound, alias.name, f"import {alias.name}{suffix}")
    elif isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
        module = "." * statement.level + (statement.module or "")
        for alias in statement.names:
            suffix = f" as {alias.asname}" if alias.asname not in (None, alias.name) else ""
            bound = alias.asname or alias.name
            yield ImportedName(bound, module, f"from {module} import {alias.name}{suffix}")


class ModuleNames:
    """What names mean in a module, at run time, where one of its functions stands."""

    def __init__(self, tree: ast.Module, site: Site) -> None:
        self._imported: set[str] = set()
        self._packages: set[str] = set()  # bound by "import a" or "import a.b" as "a"
        self._others = {name for node in _globals(tree) for name in node.names}
        self._has_star = False
        statements = list(flattened(tree.body))
        unseen = set(_only_for_type_checkers(statements))
        for statement in statements:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._others |= _bound_itself(statement)
            elif statement in unseen:
                self._others |= bindings([statement])
            else:
                self._add(imported_names(statement))
        self._around: set[str] = set()
        for parent in site.parents:
            if isinstance(parent, FunctionNode):
                self._around |= parameters(parent.args) | bindings(parent.body)
        self.bound = bindings(tree.body) | self._others

    def _add(self, names: Iterable[ImportedName]) -> None:
        for name in names:
            self._imported.add(name.text)
            if name.bound == "*":
                self._has_star = True
            elif name.is_package:
                self._packages.add(name.bound)
            else:
                self._others.add(name.bound)

    def has(self, name: ImportedName) -> bool:
        """Whether the function already sees this very import."""
        return name.text in self._imported and name.bound not in self._around

    def is_free(self, name: ImportedName) -> bool:
        """Whether an import at the top of the module would change no other meaning."""
        if self._has_star or name.bound in self._around | self._others:
            return False
        if name.bound in self._packages:  # then "import a.b" only loads more of the same "a"
            return name.is_package
        return not hasattr(builtins, name.bound)

    def collisions(self, statement: ast.stmt) -> set[str]:
        """Return the names of a new top-level definition that already mean something."""
        names = bindings([statement])
        taken = {name for name in names if hasattr(builtins, name)}
        return taken | names & (self.bound | self._around)


def _bound_itself(statement: ast.stmt) -> set[str]:
    """Names that a statement binds, save for what is nested in it."""
    nested = set(nested_statements(statement))
    return bindings([statement]) - bindings(nested) if nested else bindings([statement])


def _globals(tree: ast.Module) -> Iterator[ast.Global]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Global))


def _only_for_type_checkers(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        if isinstance(statement, ast.If) and last_name(statement.test) == "TYPE_CHECKING":
            yield from flattened(statement.body)


def placements(document: Document, names: Iterable[ImportedName], before: int) -> list[Insertion]:
    """Say where new imports go: in the order of the imports that are there, if any.

    Sections are those of PEP 8: standard library, others, relative. ``before`` is the 1-based line
    that they must precede. Insertions at one line are in the order in which they go there.
    """
    present = [
        item
        for item in document.tree.body
        if isinstance(item, (ast.Import, ast.ImportFrom)) and last_line(item) < before
    ]
    new = sorted(names, key=_order)
    if not present:
        return [_at_the_top(document, [item.text for item in new])] if new else []
    groups: dict[_Place, list[str]] = {}
    for item in new:
        groups.setdefault(_among(present, item), []).append(item.text)
    return [
        Insertion(place.line, ("",) * place.blank_before + (*texts,) + ("",) * place.blank_after)
        for place, texts in groups.items()
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """Before which 0-based line imports of a section go, and where a blank line sets them off."""

    line: int
    section: int
    blank_before: bool = False
    blank_after: bool = False


def _order(name: ImportedName) -> tuple[int, bool, str]:
    return (_section(name.module), name.is_from, name.text.lower())


def _section(module: str) -> int:
    """0: ``__future__``, 1: standard library, 2: others, 3: relative."""
    if module.startswith("."):
        return 3
    package = module.partition(".")[0]
    if package == "__future__":
        return 0
    return 1 if package in sys.stdlib_module_names else 2


def _order_of_statement(statement: ast.Import | ast.ImportFrom) -> tuple[int, bool, str]:
    if isinstance(statement, ast.ImportFrom):
        module = "." * statement.level + (statement.module or "")
    else:
        module = statement.names[0].name
    return (_section(module), isinstance(statement, ast.ImportFrom), ast.unparse(statement).lower())


def _among(present: list[ast.Import | ast.ImportFrom], name: ImportedName) -> _Place:
    """Put one import into its section, where it sorts; a section of its own is set off."""
    order = _order(name)
    section = order[0]
    same = [item for item in present if _order_of_statement(item)[0] == section]
    earlier = [item for item in same or present if _order_of_statement(item) <= order]
    if earlier:
        return _Place(last_line(earlier[-1]), section, blank_before=not same)
    return _Place(first_line((same or present)[0]) - 1, section, blank_after=not same)


def is_file_header(line: int, text: str) -> bool:
    """Whether a 0-based line must stay where it is: interpreter or encoding of the file."""
    return line < 2 and _MUST_STAY_FIRST.match(text) is not None


def _at_the_top(document: Document, imports: list[str]) -> Insertion:
    """Put the first imports of a module behind its docstring, or the comments that head it."""
    lines = document.lines
    docstring = docstring_node(document.tree)
    if docstring:
        line = last_line(docstring)
        is_apart = line >= len(lines) or not lines[line].strip()
        return Insertion(line, ("", *imports) if is_apart else ("", *imports, ""))
    line = 0
    while is_file_header(line, lines[line]):
        line += 1
    comments = line
    while lines[comments].startswith("#"):
        comments += 1
    if comments and not lines[comments].strip():  # a licence, not a remark on the first statement
        return Insertion(comments, ("", *imports))
    return Insertion(line, (*imports, "", ""))
