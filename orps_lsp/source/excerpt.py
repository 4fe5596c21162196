"""What a reader is shown of a definition: all of it, or its outline where it is long."""

from __future__ import annotations

import ast
import textwrap

from orps_lsp.source.syntax import (
    DefinitionNode,
    Document,
    FunctionNode,
    add_indent,
    docstring_node,
    first_line,
    last_line,
)

_INDENT = "    "
FULL_TEXT_LINES = 40  # longer definitions are outlined


def length(node: ast.stmt) -> int:
    """Return how many lines a statement has, its decorators included."""
    return last_line(node) - first_line(node) + 1


def excerpt(document: Document, node: ast.stmt, most: int = FULL_TEXT_LINES) -> str:
    """Return a definition's text, or its outline if it has more than ``most`` lines."""
    if length(node) <= most:
        return document.statement(node)
    if isinstance(node, DefinitionNode):
        return _outline(document, node)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = " = ".join(ast.unparse(target) for target in targets if target)
    return f"{names} = ...  # {length(node)} lines"


def _decorated_header(document: Document, node: DefinitionNode) -> str:
    decorators = (f"@{ast.unparse(decorator)}" for decorator in node.decorator_list)
    return "\n".join([*decorators, document.header(node)])


def _docstring(document: Document, node: DefinitionNode) -> list[str]:
    docstring = docstring_node(node)
    if docstring is None or docstring.lineno == node.lineno:
        return []
    block = document.block(docstring.lineno, last_line(docstring), docstring)
    return [textwrap.indent(block, _INDENT)]


def _attributes(document: Document, node: DefinitionNode) -> list[str]:
    """Return the assignments in a class body, or those of a constructor."""
    return [
        add_indent(document.statement(item), _INDENT)
        for item in node.body
        if isinstance(item, (ast.Assign, ast.AnnAssign)) and item.lineno > node.lineno
    ]


def class_header(document: Document, node: ast.ClassDef) -> str:
    """Return the class statement with its docstring and its attributes, without methods."""
    body = [*_docstring(document, node), *_attributes(document, node)]
    return "\n".join([_decorated_header(document, node), *(body or [f"{_INDENT}..."])])


def _outline(document: Document, node: DefinitionNode) -> str:
    """Return a definition without what it does: header, docstring, attributes, members."""
    parts = [_decorated_header(document, node), *_docstring(document, node)]
    if isinstance(node, ast.ClassDef) or node.name == "__init__":
        parts += _attributes(document, node)
    if isinstance(node, ast.ClassDef):
        parts += [
            add_indent(f"{_decorated_header(document, item)} ...", _INDENT)
            for item in node.body
            if isinstance(item, FunctionNode)
        ]
    return "\n".join([*parts, f"{_INDENT}..."])
