import pytest

from glossary import Term, glossary_page, rank_terms


def medium():
    return (" ".join("w" + "abcdefghij"[i * i % 10] + "klmnopqrst"[i * 7 % 10]
                     + "uvwxyz"[i * i // 7 % 6] + "abcdefgh"[i * i // 11 % 8]
                     for i in range(700)), 1)


def test_counts_and_positions():
    assert rank_terms("The valve opens. Close the valve!") == [
        Term("valve", 2, 1), Term("opens", 1, 2), Term("close", 1, 3)]


def test_ties_in_order_of_first_use():
    assert [t.word for t in rank_terms("pear apple fig apple pear")] == ["pear", "apple", "fig"]


def test_empty_and_only_stop_words():
    assert rank_terms("") == []
    assert rank_terms("12 + 34") == []
    assert rank_terms("the and of") == []


def test_min_count():
    assert rank_terms("x y x z y x", 2) == [Term("x", 3, 0), Term("y", 2, 1)]
    with pytest.raises(ValueError):
        rank_terms("x", 0)


def test_own_stop_words_ignore_case():
    assert rank_terms("Foo the bar", 1, ("FOO",)) == [Term("the", 1, 1), Term("bar", 1, 2)]


def test_page():
    assert glossary_page("pump pump hose") == "pump ................... 2"
    assert glossary_page("pump hose") == "(no terms)"


def test_medium_text():
    text, least = medium()
    terms = rank_terms(text, least)
    assert sum(t.count for t in terms) == 700
    assert len({t.word for t in terms}) == len(terms) > 150
    assert [(-t.count, t.position) for t in terms] == sorted((-t.count, t.position) for t in terms)
