"""Tokenizer of the small configuration language of the lighting desk.

A file consists of assignments and blocks:

    scene "Evening" { fade = 2.5; channels = [1, 2, 7] }   # comment
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERNS = (
    ("space", r"[ \t\r\n]+"),
    ("comment", r"#[^\n]*"),
    ("number", r"\d+(?:\.\d+)?"),
    ("name", r"[A-Za-z_][A-Za-z0-9_]*"),
    ("string", r'"[^"]*"'),
    ("punct", r"[{}\[\]=;,]"),
)
SKIPPED = ("space", "comment")


@dataclass(frozen=True)
class Token:
    """A token with its place in the source; line and column start at 1."""

    kind: str
    text: str
    line: int
    column: int


class LexError(ValueError):
    """The source holds a character that starts no token."""


def tokenize(source: str) -> list[Token]:
    """Return the tokens of the source in reading order.

    Spaces and comments are left out, strings keep their quotes and may span
    lines; the place of a token is that of its first character.  An empty
    source gives an empty list.  Raises LexError with the message
    "LINE:COLUMN: unexpected CHARACTER" where no token fits.
    """
    tokens: list[Token] = []
    rest = source
    while rest:
        before = source[: len(source) - len(rest)].split("\n")
        line = len(before)
        column = len(before[-1]) + 1
        for kind, pattern in PATTERNS:
            match = re.match(pattern, rest)
            if match:
                break
        else:
            raise LexError(f"{line}:{column}: unexpected {rest[0]!r}")
        if kind not in SKIPPED:
            tokens = tokens + [Token(kind, match.group(), line, column)]
        rest = rest[match.end():]
    return tokens


def block_names(source: str) -> list[str]:
    """The quoted names of all blocks, in order, without the quotes."""
    tokens = tokenize(source)
    names = []
    for token, following in zip(tokens, tokens[1:]):
        if token.kind == "string" and following.text == "{":
            names.append(token.text[1:-1])
    return names
