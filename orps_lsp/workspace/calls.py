"""Who calls a function: statements of the workspace, tests aside, that show how it is used."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orps_lsp.source.context import Piece
from orps_lsp.source.locate import SourceError, bound_site
from orps_lsp.source.syntax import (
    Document,
    Site,
    first_line,
    last_line,
    last_name,
    nested_statements,
)
from orps_lsp.workspace.definitions import Mention
from orps_lsp.workspace.files import Deadline, document, sources

if TYPE_CHECKING:  # with it comes jedi, which only the process that looks is to have
    from orps_lsp.workspace.inference import Inference, Names

ENOUGH = 12  # calls to choose from
MAX_LOOKED_UP = 40  # by jedi
MAX_LINES = 6
MAX_LENGTH = 300  # characters of a statement

_WEIGHTS = (1.0, 0.9, 0.8)  # of those that are shown


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in a file: its statement's text, and what tells calls of one kind from another."""

    where: str
    text: str
    kind: str


def collect(
    workspace: Path, file: Path, own: Document, site: Site, inference: Inference, seconds: float
) -> tuple[Piece, ...]:
    """Find calls of the function at ``site``, and choose short ones that differ."""
    definition = _definition(site)
    name: str = getattr(definition, "name", "")
    if name.startswith("__") and name.endswith("__"):
        return ()  # it is not called by its name
    search = _Search(workspace, file, site, inference, Deadline(seconds))
    for path in (file, *_candidates(workspace, file, name, Deadline(seconds / 2))):
        if search.is_over:
            break
        read = own if path == file else document(path)
        if read is not None:
            search.look_into(read, path, name)
    return search.chosen()


def _candidates(workspace: Path, file: Path, name: str, deadline: Deadline) -> list[Path]:
    """Return the files that may call it: those that name its module first, then near ones."""
    call = re.compile(rb"(?<!def )" + re.escape(name.encode()) + rb"\s*\(")
    module = (file.parent if file.stem == "__init__" else file).stem.encode()
    found: dict[Path, bool] = {}
    for path in sources(workspace, file, deadline):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if path != file and call.search(data):
            found[path] = module in data
    return sorted(found, key=lambda path: not found[path])


class _Search:
    """Looks up one call after the other, until there are enough."""

    def __init__(
        self, workspace: Path, file: Path, site: Site, inference: Inference, deadline: Deadline
    ) -> None:
        self._workspace = workspace
        self._file = file
        self._site = site
        self._lines = _lines(site, document(file))
        self._inference = inference
        self._deadline = deadline
        self._found: dict[str, _Call] = {}
        self._looked_up = 0

    @property
    def is_over(self) -> bool:
        enough = self._looked_up >= MAX_LOOKED_UP or len(self._found) >= ENOUGH
        return enough or self._deadline.is_over

    def look_into(self, read: Document, path: Path, name: str) -> None:
        """Keep a file's calls that are of the function, and worth showing."""
        names: Names | None = None
        for mention, statement in _calls(read, name):
            if self.is_over:
                return
            text = _text(read, statement)
            if not text or text in self._found or self._is_within(path, mention.line):
                continue
            names = names or self._inference.read(read.text, path)
            self._looked_up += 1
            targets = names.targets(mention.line, mention.column)
            if any(target.file == self._file and target.line in self._lines for target in targets):
                where = f"{path.relative_to(self._workspace).as_posix()}:{first_line(statement)}"
                self._found[text] = _Call(where, text, _kind(statement, name))

    def _is_within(self, path: Path, line: int) -> bool:
        """Whether a line is the function's own: there it calls itself."""
        node = self._site.node
        return path == self._file and node.lineno <= line <= last_line(node)

    def chosen(self) -> tuple[Piece, ...]:
        """Return short ones, at first one of each kind."""
        calls = sorted(self._found.values(), key=lambda call: len(call.text))
        firsts = {call.kind: call for call in reversed(calls)}.values()
        shown = sorted(calls, key=lambda call: (call not in firsts, len(call.text)))
        return tuple(
            Piece(call.where, call.text, weight, call.where)
            for call, weight in zip(shown, _WEIGHTS, strict=False)
        )


def _calls(read: Document, name: str) -> Iterator[tuple[Mention, ast.stmt]]:
    """Yield calls by a name, each with the innermost statement that it is in."""
    pending: list[ast.AST] = [read.tree]
    while pending:
        statement = pending.pop()
        inner = list(nested_statements(statement))
        pending += reversed(inner)
        if not isinstance(statement, ast.stmt):
            continue
        for node in _own_nodes(statement, inner):
            if isinstance(node, ast.Call) and last_name(node.func) == name:
                function = node.func
                if isinstance(function, (ast.Name, ast.Attribute)):
                    line = function.end_lineno or function.lineno
                    end = read.characters(line, function.end_col_offset or 0)
                    yield Mention(name, line, end - len(name)), statement


def _own_nodes(statement: ast.stmt, inner: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are not in the statements within it."""
    apart = set(map(id, inner))
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        pending += [child for child in ast.iter_child_nodes(node) if id(child) not in apart]


def _text(read: Document, statement: ast.stmt) -> str:
    """Return a statement, of a compound one the header; empty if that is too long."""
    start, end = first_line(statement), last_line(statement)
    inner = [node for node in nested_statements(statement) if isinstance(node, ast.stmt)]
    if inner:
        end = min(first_line(node) for node in inner) - 1
    if not start <= end < start + MAX_LINES:
        return ""
    text = read.block(start, end)
    return text if len(text) <= MAX_LENGTH else ""


def _lines(site: Site, saved: Document | None) -> set[int]:
    """Return the lines where jedi may find it defined: other files import it as it was saved."""
    found = {_definition(site).lineno}
    if saved is not None:
        with contextlib.suppress(SourceError):
            found.add(_definition(bound_site(saved.tree, site.qualname)).lineno)
    return found


def _definition(site: Site) -> ast.stmt:
    """Return what the name that it is called by is defined by: of a constructor, the class."""
    is_constructor = site.is_method and site.node.name == "__init__"
    return site.parents[-1] if is_constructor else site.node


def _kind(statement: ast.stmt, name: str) -> str:
    """Return what calls of one kind have in common: how many arguments, and which keywords."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and last_name(node.func) == name:
            keywords = sorted(keyword.arg or "**" for keyword in node.keywords)
            return f"{len(node.args)} {keywords}"
    return ""
