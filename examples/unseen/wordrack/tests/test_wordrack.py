import pytest

from wordrack import best_set, group_anagrams


def medium():
    consonants, vowels = "bcdfglmnprst", "aeiou"
    words = []
    for i in range(240):
        a, b, c = consonants[i % 12], vowels[i // 12 % 5], consonants[i * 7 % 11]
        words.append((a + b + c if i % 2 else c + a + b) + "sn"[i // 60 % 2])
    return (words,)


def test_groups_larger_first():
    words = ["pea", "stop", "ape", "tops", "dog", "pots"]
    assert group_anagrams(words) == [["stop", "tops", "pots"], ["pea", "ape"]]


def test_empty_and_single():
    assert group_anagrams([]) == []
    assert group_anagrams(["dog"]) == []
    assert group_anagrams(["dog"], 1) == [["dog"]]


def test_same_size_in_order_of_first_word():
    assert group_anagrams(["on", "am", "ma", "no"]) == [["on", "no"], ["am", "ma"]]


def test_case_accents_and_signs():
    assert group_anagrams(["Été", "tee", "T-E-E", "--", "42"], 1) == [["Été", "tee", "T-E-E"]]


def test_duplicates_are_kept():
    assert group_anagrams(["tip", "pit", "tip"]) == [["tip", "pit", "tip"]]


def test_bad_size():
    with pytest.raises(ValueError):
        group_anagrams([], 0)


def test_best_set():
    assert best_set(["on", "no", "quiz", "Quiz!", "eat", "tea", "ate"]) == ["quiz", "Quiz!"]
    assert best_set(["a", "b"]) == []


def test_medium_list():
    (words,) = medium()
    groups = group_anagrams(words, 1)
    assert sum(len(group) for group in groups) == 240
    assert len({"".join(sorted(group[0])) for group in groups}) == len(groups)
    assert [len(g) for g in groups] == sorted((len(g) for g in groups), reverse=True)
