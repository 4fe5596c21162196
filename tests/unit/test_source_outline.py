"""An outline that follows edits is the one that parsing the whole text gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.source import outline as module
from orps_lsp.source.locate import SourceSyntaxError, functions
from orps_lsp.source.outline import Outline
from orps_lsp.source.syntax import split_lines

TEXT = '''"""A module."""
# A comment.
import os

X = 1; Y = 2


@decorator(
    "x"
)
def first(a):
    """Doc.

def not_one(): pass
    """
    return a


class Middle:
    # above
    def method(self):
        def inner():
            return 1
        return inner

    @overload
    def method(self): ...


if X:
    def first(b):
        return b
else:
    def last(): pass

# the end
'''
PIECES = [
    "",
    "\n",
    "    ",
    "def new(): pass\n",
    '"""',
    "else:\n",
    "\\\n",
    "(",
    "x = 1\n",
    "# c\n",
    "\r\n",
]


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[int, int, str]]:
    position = st.integers(0, len(TEXT) + 20)
    piece = st.sampled_from([*PIECES, *TEXT.splitlines(keepends=True)])
    edit = st.tuples(position, st.integers(0, 60), piece)
    return draw(st.lists(edit, min_size=1, max_size=4))


@pytest.fixture(params=[1, 3, 500], ids=lambda lines: f"parts of {lines}")
def in_parts(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PART_LINES", request.param)
        yield


@pytest.mark.usefixtures("in_parts")
@given(edits())
def test_an_edited_outline_is_that_of_the_text(changes: list[tuple[int, int, str]]) -> None:
    text, outline = TEXT, Outline.of(split_lines(TEXT))
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
        outline = outline.edited(split_lines(text))
        assert "".join(outline.lines) == text
        try:
            whole = functions(text)
        except SourceSyntaxError:
            assert outline.syntax_error is not None
            assert outline.reconsidered().syntax_error is not None
            continue
        assert outline.reconsidered().syntax_error is None
        assert outline.reconsidered().functions == whole
        if outline.syntax_error is None:
            assert outline.functions == whole


def test_what_does_not_parse_costs_only_its_own_functions() -> None:
    outline = Outline.of(split_lines(TEXT))
    broken = outline.edited(split_lines(TEXT.replace("return inner", "return (inner")))
    assert broken.syntax_error is not None
    assert broken.syntax_error.line == 24
    assert [item.qualname for item in broken.functions] == ["first", "first", "last"]
    assert [item.start_line for item in broken.functions] == [8, 31, 34]
    mended = broken.edited(split_lines(TEXT))
    assert mended.functions == outline.functions


def test_an_edit_parses_what_it_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(1000))
    outline, parsed = Outline.of(split_lines(text)), []
    real = module.Document
    monkeypatch.setattr(module, "Document", lambda part: (parsed.append(part), real(part))[1])
    outline = outline.edited(split_lines(text.replace("return 500\n", "return 5000\n")))
    assert len(outline.functions) == 1000
    assert sum(map(len, parsed)) < 200


@pytest.mark.parametrize(
    ("qualname", "line", "reason"),
    [
        ("first", 12, "defined again on line 31"),
        ("first", 31, ""),
        ("Middle.method", 26, "@overload"),
        ("Middle.method.inner", 22, ""),
    ],
)
def test_refusals(qualname: str, line: int, reason: str) -> None:
    outline = Outline.of(split_lines(TEXT))
    function = outline.at(line)
    assert function is not None and function.qualname == qualname
    refusal = outline.refusal(function)
    assert reason in str(refusal) if reason else refusal is None


def test_a_file_that_is_generated_is_refused() -> None:
    outline = Outline.of(split_lines("# DO NOT EDIT\ndef f(): return 1\n"))
    assert "generated" in str(outline.refusal(outline.functions[0]))


def test_half_a_character_breaks_nothing_but_the_text() -> None:
    outline = Outline.of(["x = '\ud83d'\n", "def f(): pass\n"])
    assert outline.syntax_error is not None
    mended = outline.edited(["x = '\U0001f600'\n", "def f(): pass\n"])
    assert mended.syntax_error is None
    assert [item.qualname for item in mended.functions] == ["f"]


def test_what_is_broken_leaves_the_other_parts_their_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PART_LINES", 3)
    lines = [f"def f{n}():\n    return {n}\n\n" for n in range(20)]
    lines[7] = "def f7(:\n    return 7\n\n"
    outline = Outline.of(split_lines("".join(lines)))
    assert outline.syntax_error is not None
    assert outline.syntax_error.line == 22
    names = {item.qualname for item in outline.functions}
    assert names == {f"f{n}" for n in range(20) if n != 7}
