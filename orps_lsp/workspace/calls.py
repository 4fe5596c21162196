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
    from orps_lsp.workspace.inference import Inference

SHOWN = 3
ENOUGH = 12  # calls to choose from
MAX_LOOKED_UP = 40  # by jedi
MAX_LINES = 6
MAX_LENGTH = 300  # characters of a statement

_WEIGHTS = (1.0, 0.9, 0.8)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in a file: its statement's text, and what tells calls of one kind from another."""

    where: str
    text: str
    kind: str


def collect(
    workspace: Path,
    file: Path,
    own: Document,
    site: Site,
    inference: Inference,
    deadline: Deadline,
) -> tuple[Piece, ...]:
    """Find calls of the function at ``site``, and choose short ones that differ."""
    name = _called(site)
    if not name:
        return ()
    lines = _lines(site, document(file))
    pattern = re.compile(rb"\b" + re.escape(name.encode()) + rb"\s*\(")
    found: dict[str, _Call] = {}
    looked_up = 0
    for path in (file, *(path for path in sources(workspace, file, deadline) if path != file)):
        read = own if path == file else _read_if(path, pattern)
        names = None
        for mention, statement in _calls(read, name) if read else ():
            if deadline.is_over or looked_up >= MAX_LOOKED_UP or len(found) >= ENOUGH:
                return _chosen(list(found.values()))
            if path == file and site.node.lineno <= mention.line <= last_line(site.node):
                continue  # it calls itself
            text = _text(read, statement) if read else ""
            if not text or text in found:
                continue
            names = names or inference.read(read.text, path) if read else names
            looked_up += 1
            if names and any(
                target.file == file and target.line in lines
                for target in names.targets(mention.line, mention.column)
            ):
                where = f"{path.relative_to(workspace).as_posix()}:{first_line(statement)}"
                found[text] = _Call(where, text, _kind(statement, name))
    return _chosen(list(found.values()))


def _called(site: Site) -> str:
    """Return the name by which it is called; empty if it is not called by a name."""
    name: str = getattr(_definition(site), "name", "")
    return "" if name.startswith("__") and name.endswith("__") else name


def _read_if(path: Path, pattern: re.Pattern[bytes]) -> Document | None:
    """Parse a file if it may have a call in it: most have not."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return document(path) if pattern.search(data) else None


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


def _chosen(calls: list[_Call]) -> tuple[Piece, ...]:
    """Return short ones, at first one of each kind."""
    calls.sort(key=lambda call: len(call.text))
    firsts = list({call.kind: call for call in reversed(calls)}.values())
    firsts.sort(key=lambda call: len(call.text))
    others = [call for call in calls if call not in firsts]
    shown = [*firsts, *others][:SHOWN]
    return tuple(
        Piece(call.where, call.text, weight, call.where)
        for call, weight in zip(shown, _WEIGHTS, strict=False)
    )
