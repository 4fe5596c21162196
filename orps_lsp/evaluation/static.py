"""What can be said of a candidate without running it: its complexity, and whether to run it."""

from __future__ import annotations

import ast
import io
import token
import tokenize
from dataclasses import dataclass
from typing import Any

from orps_lsp.evaluation.screening import docstrings, screen

__all__ = ["Complexity", "complexity", "screen"]


@dataclass(frozen=True, slots=True)
class Complexity:
    """How complex a piece of source is; every number counts all functions in it.

    ``cyclomatic`` is McCabe's (as radon counts), ``cognitive`` Campbell's (as complexipy counts),
    ``nodes`` are AST nodes, ``lines`` are lines of code; docstrings, comments, blanks do not count.
    """

    cyclomatic: int
    cognitive: int
    nodes: int
    lines: int


def complexity(function_source: str) -> Complexity:
    """Measure dedented source.

    Not in a thread: complexipy crashes where its first use is not in the main one.

    Raises:
        SyntaxError: it does not parse.
    """
    from complexipy import code_complexity
    from radon.visitors import ComplexityVisitor

    tree = ast.parse(function_source)
    visitor = ComplexityVisitor.from_ast(tree)
    documentation = list(docstrings(tree))
    ignored = {id(node) for node in documentation}
    nodes = sum(
        id(node) not in ignored and not isinstance(node, ast.expr_context | ast.Module)
        for node in ast.walk(tree)
    )
    return Complexity(
        cyclomatic=_cyclomatic([*visitor.functions, *visitor.classes]),
        cognitive=int(code_complexity(function_source).complexity),
        nodes=nodes - len(documentation),  # the statement around each docstring
        lines=_code_lines(function_source, documentation),
    )


def _cyclomatic(blocks: list[Any]) -> int:
    """Add up radon's blocks; it counts a closure, or a class's method, beside its surroundings."""
    total = 0
    for block in blocks:
        if block.letter == "C":
            total += _cyclomatic([*block.methods, *block.inner_classes])
        else:
            total += block.complexity + _cyclomatic(block.closures)
    return total


_LAYOUT = frozenset(
    {
        token.COMMENT,
        token.NL,
        token.NEWLINE,
        token.INDENT,
        token.DEDENT,
        token.ENDMARKER,
        token.ENCODING,
    }
)


def _code_lines(source: str, texts: list[ast.Constant]) -> int:
    documentation = {
        line for node in texts for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines: set[int] = set()
    for item in tokenize.generate_tokens(io.StringIO(source).readline):
        only_text = item.type == token.STRING and item.start[0] in documentation
        if item.type not in _LAYOUT and not only_text:
            lines.update(range(item.start[0], item.end[0] + 1))
    return len(lines)
