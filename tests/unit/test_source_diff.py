"""Differences are minimal, and applying them gives the new text exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.source import LineEdit, line_edits, unified
from orps_lsp.source.syntax import split_lines


def apply(old: str, edits: tuple[LineEdit, ...]) -> str:
    lines = split_lines(old)
    for edit in reversed(edits):
        lines[edit.start_line : edit.end_line] = [edit.text]
    return "".join(lines)


texts = st.lists(
    st.sampled_from(["a", "b", "\n", "\r\n", "\r", "c\n", "\x0c", "\u2028"]), max_size=25
).map("".join)


@given(texts, texts)
def test_edits_turn_the_old_text_into_the_new(old, new):
    edits = line_edits(old, new)
    assert apply(old, edits) == new
    lines, after = split_lines(old), split_lines(new)
    for edit in edits:
        replaced, text = lines[edit.start_line : edit.end_line], split_lines(edit.text)
        assert replaced or text
        if replaced and text:
            assert replaced[0] != text[0] or replaced[-1] != text[-1]
    assert sum(edit.end_line - edit.start_line for edit in edits) <= len(lines)
    assert (edits == ()) == (lines == after)


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", ()),
        ("a\nb\nc\n", "a\nx\nc\n", (LineEdit(1, 2, "x\n"),)),
        ("a\nb\nc\n", "a\nc\n", (LineEdit(1, 2, ""),)),
        ("a\nc\n", "a\nb\nc\n", (LineEdit(1, 1, "b\n"),)),
        ("a\nb\nc\nd\n", "A\nb\nc\nD\n", (LineEdit(0, 1, "A\n"), LineEdit(3, 4, "D\n"))),
        ("a", "a\nb", (LineEdit(0, 1, "a\nb"),)),
        ("", "a\n", (LineEdit(0, 0, "a\n"),)),
        ("a\r\nb\r\n", "a\r\nx\r\n", (LineEdit(1, 2, "x\r\n"),)),
    ],
)
def test_edits_touch_only_what_changed(old, new, edits):
    assert line_edits(old, new) == edits


def test_the_unified_diff_has_git_headers_and_lf():
    assert unified("a\r\nb\r\n", "a\r\nc\r\n", "pkg/mod.py") == (
        "--- a/pkg/mod.py\n+++ b/pkg/mod.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    )


def test_a_missing_final_newline_is_said():
    assert unified("a", "b\n", "m.py").endswith("-a\n\\ No newline at end of file\n+b\n")


def test_equal_texts_have_no_diff():
    assert unified("a\n", "a\n", "m.py") == ""
