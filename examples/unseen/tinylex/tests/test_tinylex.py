import pytest

from tinylex import LexError, Token, block_names, tokenize


def medium():
    return ("\n".join(f'scene "S{i}" {{ fade = {i}.5; ch = [{i}, {i * 3}] }} # no {i}'
                      for i in range(120)),)


def test_assignment():
    assert tokenize("fade = 2.5;") == [
        Token("name", "fade", 1, 1), Token("punct", "=", 1, 6),
        Token("number", "2.5", 1, 8), Token("punct", ";", 1, 11)]


def test_empty_and_only_skipped():
    assert tokenize("") == []
    assert tokenize(" \n# nothing here") == []


def test_lines_and_columns():
    tokens = tokenize("a\n\n  b # x\nc")
    assert [(t.text, t.line, t.column) for t in tokens] == [("a", 1, 1), ("b", 3, 3), ("c", 4, 1)]


def test_string_over_two_lines():
    assert tokenize('"a\nb" c') == [Token("string", '"a\nb"', 1, 1), Token("name", "c", 2, 4)]


def test_adjacent_tokens():
    assert [(t.kind, t.text) for t in tokenize("12ab[1]")] == [
        ("number", "12"), ("name", "ab"), ("punct", "["), ("number", "1"), ("punct", "]")]


@pytest.mark.parametrize("source, message", [
    ("a\n b ?", "2:4: unexpected '?'"), ('x = "open', "1:5: unexpected '\"'"), ("1.", "1:2: unexpected '.'")])
def test_errors(source, message):
    with pytest.raises(LexError) as caught:
        tokenize(source)
    assert str(caught.value) == message


def test_block_names():
    assert block_names('scene "A" { x = "B" } scene "C"{}') == ["A", "C"]


def test_medium_source():
    (source,) = medium()
    tokens = tokenize(source)
    assert len(tokens) == 120 * 15
    assert tokens[-1] == Token("punct", "}", 120, 46)
    assert block_names(source) == [f"S{i}" for i in range(120)]
