"""Python text and its syntax tree: lines, definitions, and the text of a node."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from orps_lsp.source.errors import SourceSyntaxError

BOM = "\ufeff"

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
DefinitionNode: TypeAlias = FunctionNode | ast.ClassDef

# Only what Python and LSP take for a line end; str.splitlines also splits at form feed and U+2028.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")

_STRING_OR_COMMENT = re.compile(
    r"""
      \#[^\n]*
    | \"{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* \"{3}
    | '{3}  [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '{3}
    | "     [^"\\\n]* (?: \\. [^"\\\n]* )* "
    | '     [^'\\\n]* (?: \\. [^'\\\n]* )* '
    """,
    re.VERBOSE | re.DOTALL,
)

# From the end of a definition's last parameter, base or annotation to the colon behind it.
_UP_TO_COLON = re.compile(r"(?:[^:#]|#[^\n]*)*:")


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines that keep their ends (LF, CRLF, CR; nothing else ends a line)."""
    return _LINE.findall(text)


def normalise(text: str) -> str:
    """Return ``text`` without a byte order mark and with LF line ends."""
    return text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n")


def leading_whitespace(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def parse(source: str) -> ast.Module:
    """Parse a module.

    Raises:
        SourceSyntaxError: it is not valid Python, or too deeply nested for the parser.
    """
    try:
        # The user's invalid escapes are theirs to see in a linter, not in the server's log.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.removeprefix(BOM))
    except SyntaxError as error:
        raise SourceSyntaxError(error.msg, error.lineno or 0) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceSyntaxError(str(error) or "too deeply nested") from error


@dataclass(frozen=True, slots=True)
class Site:
    """A function's definition and the definitions around it, outermost first."""

    qualname: str
    node: FunctionNode
    parents: tuple[DefinitionNode, ...]

    @property
    def is_method(self) -> bool:
        return bool(self.parents) and isinstance(self.parents[-1], ast.ClassDef)

    @property
    def is_overload(self) -> bool:
        return "overload" in map(last_name, self.node.decorator_list)

    @property
    def outermost(self) -> DefinitionNode:
        return self.parents[0] if self.parents else self.node


def sites(tree: ast.Module) -> list[Site]:
    """Return every named function of a module at any nesting, in the order of the file."""
    found: list[Site] = []
    pending: list[tuple[ast.AST, tuple[DefinitionNode, ...]]] = [(tree, ())]
    while pending:  # not recursive: a long elif chain nests as deep as it is long
        node, parents = pending.pop()
        inner = parents
        if isinstance(node, DefinitionNode):
            inner = (*parents, node)
            if not isinstance(node, ast.ClassDef):
                found.append(Site(".".join(parent.name for parent in inner), node, parents))
        pending.extend((child, inner) for child in nested_statements(node))
    return sorted(found, key=lambda site: site.node.lineno)


def nested_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a statement holds as blocks: statements, exception handlers, match cases."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        yield from getattr(node, block, ())


def last_name(expression: ast.expr) -> str:
    """Return ``c`` for ``a.b.c``, ``a.b.c(...)`` and ``a.b.c[...]``; empty if there is none."""
    while isinstance(expression, (ast.Call, ast.Subscript)):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def docstring_node(node: DefinitionNode | ast.Module) -> ast.Expr | None:
    """Return the statement that is the docstring."""
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return first
    return None


def body_without_docstring(node: DefinitionNode) -> list[ast.stmt]:
    return node.body[1:] if docstring_node(node) else node.body


def is_stub(node: DefinitionNode) -> bool:
    """Whether a body does nothing: docstring, ``pass``, ``...``, raise NotImplementedError."""
    return all(map(_does_nothing, body_without_docstring(node)))


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        return last_name(statement.exc) == "NotImplementedError"
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return statement.value.value is ...
    return isinstance(statement, ast.Pass)


def first_line(node: ast.stmt) -> int:
    """Return the 1-based line on which a statement starts, its decorators included."""
    decorators = getattr(node, "decorator_list", ())
    return min((item.lineno for item in decorators), default=node.lineno)


def last_line(node: ast.stmt) -> int:
    """Return the 1-based line on which a statement ends (the parser always sets it)."""
    return node.end_lineno or node.lineno


class Document:
    """A parsed module together with its text, line by line, without BOM and line ends.

    Raises:
        SourceSyntaxError: on construction, if the source does not parse.
    """

    def __init__(self, source: str) -> None:
        self.tree = parse(source)
        self.text = normalise(source)
        self.lines = self.text.split("\n")
        self.inside_strings = lines_inside_strings(self.text)

    def indent(self, line: int) -> str:
        """Return the leading whitespace of a 1-based line."""
        return leading_whitespace(self.lines[line - 1])

    def statement(self, node: ast.stmt) -> str:
        """Return a statement's lines, decorators included, dedented."""
        docstring = docstring_node(node) if isinstance(node, DefinitionNode) else None
        return self.block(first_line(node), last_line(node), docstring)

    def block(self, start: int, end: int, docstring: ast.Expr | None = None) -> str:
        """Return lines ``start`` to ``end`` (1-based, inclusive), dedented.

        What is inside a string literal stays as it is, save for the docstring given.
        """
        indent = self.indent(start)
        if not indent:
            return "\n".join(self.lines[start - 1 : end])
        keep = self.inside_strings
        if docstring:
            keep -= set(range(docstring.lineno, last_line(docstring) + 1))
        return "\n".join(
            line if number in keep else remove_indent(line, indent)
            for number, line in enumerate(self.lines[start - 1 : end], start)
        )

    def header_end(self, node: DefinitionNode) -> tuple[int, int]:
        """Return the 1-based line of the colon that ends a header, and the column behind it."""
        line, column = max(_header_ends(node), default=(node.lineno, node.col_offset))
        column = self.characters(line, column)
        rest = "\n".join(self.lines[line - 1 : node.body[0].lineno])
        colon = _UP_TO_COLON.match(rest, column)
        end = colon.end() if colon else len(rest)
        before = rest[:end].split("\n")
        return line + len(before) - 1, len(before[-1])

    def header(self, node: DefinitionNode) -> str:
        """Return ``def name(...) -> type:`` or ``class name(...):``, dedented, not decorated."""
        line, column = self.header_end(node)
        indent = self.indent(node.lineno)
        lines = [*self.lines[node.lineno - 1 : line - 1], self.lines[line - 1][:column]]
        return "\n".join(remove_indent(line, indent) for line in lines)

    def characters(self, line: int, utf8_column: int) -> int:
        """Turn a column of the syntax tree (bytes of UTF-8) into one of code points."""
        text = self.lines[line - 1]
        if text.isascii():
            return utf8_column
        return len(text.encode()[:utf8_column].decode(errors="ignore"))


def _header_ends(node: DefinitionNode) -> Iterator[tuple[int, int]]:
    """Yield where the parts of a header end: parameters, bases, annotations, type parameters."""
    body, decorators = set(map(id, node.body)), set(map(id, node.decorator_list))
    for child in ast.iter_child_nodes(node):
        if id(child) in body or id(child) in decorators:
            continue
        parts = ast.iter_child_nodes(child) if isinstance(child, ast.arguments) else (child,)
        for part in parts:
            yield part.end_lineno, part.end_col_offset  # type: ignore[attr-defined]


def lines_inside_strings(text: str) -> frozenset[int]:
    """Return the 1-based lines of LF text whose start lies inside a string literal."""
    inside: set[int] = set()
    line, position = 1, 0
    for match in _STRING_OR_COMMENT.finditer(text):
        literal = match.group()
        if "\n" in literal:
            line += text.count("\n", position, match.start())
            end = line + literal.count("\n")
            inside.update(range(line + 1, end + 1))
            line, position = end, match.end()
    return frozenset(inside)


def remove_indent(line: str, indent: str) -> str:
    """Remove ``indent`` from a line, or as much of it as the line has."""
    if line.startswith(indent):
        return line[len(indent) :]
    common = 0
    while common < len(line) and common < len(indent) and line[common] == indent[common]:
        common += 1
    return line[common:]


def add_indent(text: str, indent: str) -> str:
    """Indent LF text, but neither blank lines nor what is inside a string literal."""
    inside = lines_inside_strings(text)
    return "\n".join(
        indent + line if line.strip() and number not in inside else line
        for number, line in enumerate(text.split("\n"), 1)
    )
