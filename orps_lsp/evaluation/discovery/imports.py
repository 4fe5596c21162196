"""What one source file may import, read from its syntax tree. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+\Z")
_IMPORTING = {"import_module", "__import__", "importorskip"}
# What these load or run is known only when they do.
_OPAQUE_MODULES = {"imp", "pkg_resources", "pkgutil", "runpy", "subprocess"}
_OPAQUE_CALLS = {
    "create_subprocess_exec",
    "create_subprocess_shell",
    "entry_points",
    "eval",
    "exec",
    "fork",
    "popen",
    "spec_from_file_location",
    "system",
}
_OPAQUE_FIXTURES = {"pytester", "testdir"}


@dataclass(slots=True)
class Imports:
    """``names`` are absolute dotted names, ``relative`` pairs of level and dotted name.

    ``opaque`` says that the file may load what its text does not tell.
    """

    names: set[str] = field(default_factory=set)
    relative: set[tuple[int, str]] = field(default_factory=set)
    opaque: bool = False


def read(source: bytes | str) -> Imports:
    """Return what ``source`` may import; a text that is no Python is opaque."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return Imports(opaque=True)
    found = Imports()
    for node in ast.walk(tree):
        _note(node, found)
    return found


def _note(node: ast.AST, found: Imports) -> None:
    if isinstance(node, ast.Import):
        _note_names((alias.name for alias in node.names), found)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        names = {".".join(filter(None, (module, alias.name))) for alias in node.names}
        if node.level:
            found.relative |= {(node.level, name) for name in names}
        else:
            _note_names(names, found)
    elif isinstance(node, ast.Call):
        _note_call(node, found)
    elif isinstance(node, ast.arg):
        found.opaque |= node.arg in _OPAQUE_FIXTURES
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if len(node.value) < 200 and _DOTTED.match(node.value):
            found.names.add(node.value)  # as in mock.patch("package.module.function")
    elif isinstance(node, ast.Assign):
        targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if "pytest_plugins" in targets:
            _note_plugins(node.value, found)


def _note_names(names: Iterable[str], found: Imports) -> None:
    for name in names:
        found.names.add(name)
        found.opaque |= name.partition(".")[0] in _OPAQUE_MODULES


def _note_call(node: ast.Call, found: Imports) -> None:
    function = node.func
    name = getattr(function, "id", getattr(function, "attr", ""))
    if name in _OPAQUE_CALLS:
        found.opaque = True
    elif name in _IMPORTING:
        given = node.args[0] if node.args else None
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            found.names.add(given.value.lstrip("."))
        else:
            found.opaque = True


def _note_plugins(value: ast.expr, found: Imports) -> None:
    items = value.elts if isinstance(value, (ast.List, ast.Tuple, ast.Set)) else [value]
    for item in items:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            found.names.add(item.value)
        else:
            found.opaque = True
