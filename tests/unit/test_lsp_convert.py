"""Positions between the protocol's units and Python's text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from pygls.workspace import PositionCodec

from orps_lsp.lsp import convert
from orps_lsp.lsp.documents import Document
from orps_lsp.source.syntax import split_lines

LINE = "a\U0001f600é\u4e16z\n"  # units before each: 0 1 5 7 10 | 0 1 3 4 5 | 0 1 2 3 4
TEXT = st.text(st.sampled_from("ab \n\r\x0c\u2028é\U0001f600"), max_size=30)
ENCODINGS = ["utf-8", "utf-16", "utf-32"]
WIDTHS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@pytest.mark.parametrize(
    ("encoding", "units", "expected"),
    [
        ("utf-8", 0, 0),
        ("utf-8", 5, 2),
        ("utf-8", 7, 3),
        ("utf-8", 10, 4),
        ("utf-8", 11, 5),
        ("utf-16", 3, 2),
        ("utf-16", 5, 4),
        ("utf-32", 2, 2),
        ("utf-32", 4, 4),
        ("utf-8", 99, 5),  # behind the end: the end of the line, not its line end
        ("utf-16", 99, 5),
        ("utf-32", 6, 5),
    ],
)
def test_columns(encoding: str, units: int, expected: int) -> None:
    assert convert.column(LINE, units, PositionCodec(encoding)) == expected


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a\nb\n", 0, (0, 0)),
        ("a\nb\n", 2, (2, 0)),
        ("a\nb\r", 2, (2, 0)),
        ("a\n\U0001f600b", 2, (1, 3)),  # no final newline: there is no line 2
        ("", 0, (0, 0)),
    ],
)
def test_starts_of_lines(text: str, line: int, expected: tuple[int, int]) -> None:
    found = convert.line_start(split_lines(text), line, PositionCodec("utf-16"))
    assert (found.line, found.character) == expected


@given(TEXT, st.data(), st.sampled_from(ENCODINGS))
def test_changes_are_applied_as_an_editor_applies_them(
    text: str, data: st.DataObject, encoding: str
) -> None:
    """Replace any range of a text: positions by one way, the expected text by another."""
    inside = [at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n" or at == 0]
    start, end = sorted((data.draw(st.sampled_from(inside)), data.draw(st.sampled_from(inside))))
    new = data.draw(TEXT)
    document = Document("file:///a.py", 1, text)
    change = types.TextDocumentContentChangePartial(
        types.Range(_position(text, start, encoding), _position(text, end, encoding)), new
    )
    document.change(2, [change], PositionCodec(encoding))
    assert document.text == text[:start] + new + text[end:]
    assert document.lines == split_lines(document.text)


def _position(text: str, at: int, encoding: str) -> types.Position:
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    codec = encoding if encoding == "utf-8" else f"{encoding}-le"
    return types.Position(len(before) - 1, len(before[-1].encode(codec)) // WIDTHS[encoding])


@pytest.mark.parametrize(
    "where",
    [
        types.Range(types.Position(9, 0), types.Position(9, 9)),
        types.Range(types.Position(1, 9), types.Position(9, 9)),
    ],
)
def test_positions_behind_the_end_are_the_end(where: types.Range) -> None:
    document = Document("file:///a.py", 1, "a\nb")
    document.change(2, [types.TextDocumentContentChangePartial(where, "!")], PositionCodec())
    assert document.text == "a\nb!"


def test_changes_refer_to_the_text_that_the_one_before_left() -> None:
    document = Document("file:///a.py", 1, "one\n")
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    changes = [
        types.TextDocumentContentChangeWholeDocument("two\n"),
        types.TextDocumentContentChangePartial(start, "not "),
    ]
    document.change(7, changes, PositionCodec())
    assert (document.text, document.version) == ("not two\n", 7)
