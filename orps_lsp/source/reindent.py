"""Give code the indentation of the module that it goes into; all else in it stays as written."""

from __future__ import annotations

import io
import token
import tokenize
from typing import TypeAlias

from orps_lsp.source.errors import CandidateRejected
from orps_lsp.source.syntax import leading_whitespace, lines_inside_strings

_DEFAULT_UNIT = "    "
_BLANKS = " \t\f"

# The indentation of every block around a line, from the top level's, which is empty, inwards.
_Blocks: TypeAlias = tuple[str, ...]


def reindent(code: str, unit: str, outer: str = "") -> list[str]:
    """Return the lines of dedented LF code behind ``outer``, with ``unit`` for each level.

    A continuation line or a comment keeps what it is indented beyond its block, in levels if it
    was. Lines inside a string stay as they are; blanks at the end of others go.

    Raises:
        CandidateRejected: the code cannot be split into tokens.
    """
    try:
        blocks_of = _blocks(code)
    except (tokenize.TokenError, SyntaxError) as error:
        raise CandidateRejected("The candidate cannot be re-indented.") from error
    old_unit = next((blocks[1] for blocks in blocks_of.values() if len(blocks) > 1), _DEFAULT_UNIT)
    inside = lines_inside_strings(code)
    blocks: _Blocks = ("",)
    result = []
    for number, line in enumerate(code.split("\n"), 1):
        blocks = blocks_of.get(number, blocks)
        if number not in inside:
            space = leading_whitespace(line)
            extra = space.removeprefix(blocks[-1]) if space.startswith(blocks[-1]) else ""
            level = outer + unit * (len(blocks) - 1)
            line = level + _in_levels(extra, old_unit, unit) + line.removeprefix(space)
        result.append(line if number + 1 in inside else line.rstrip(_BLANKS))
    return result


def _in_levels(space: str, old_unit: str, unit: str) -> str:
    """Translate whole levels; other whitespace aligns something and stays."""
    levels = len(space) // len(old_unit)
    return unit * levels if space == old_unit * levels else space


def _blocks(code: str) -> dict[int, _Blocks]:
    """Return the blocks around each 1-based line on which a token starts."""
    found: dict[int, _Blocks] = {}
    around: _Blocks = ("",)
    comments: list[int] = []  # their blocks end, or begin, with the statement that follows
    in_statement = False
    for item in tokenize.generate_tokens(io.StringIO(code).readline):
        line, column = item.start
        if item.type == token.INDENT:
            around = (*around, item.string)
        elif item.type == token.DEDENT:
            around = around[:-1]
        elif item.type == token.NEWLINE:
            in_statement = False
        elif item.type == token.COMMENT and not in_statement:
            width = _width(item.line[:column])
            found[line] = tuple(indent for indent in around if _width(indent) <= width)
            comments.append(line)
        elif item.type != token.NL:
            if not in_statement:
                found.update((number, max(found[number], around, key=len)) for number in comments)
                comments.clear()
            in_statement = True
            found.setdefault(line, around)
    return found


def _width(space: str) -> int:
    return len(space.expandtabs())
