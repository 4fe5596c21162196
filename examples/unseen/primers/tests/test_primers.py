import pytest

from primers import Shared, longest_shared, primer_candidate


def bases(count, factor):
    value, result = factor, []
    for _ in range(count):
        value = (value * 1103 + factor) % 65521
        result.append("ACGT"[value // 7 % 4])
    return "".join(result)


def medium():
    common = bases(24, 77)
    return bases(210, 5) + common + bases(90, 9), bases(60, 31) + common + bases(230, 13)


def test_shared_stretch():
    assert longest_shared("AACGTAC", "TTCGTAG") == Shared("CGTA", 2, 2)


def test_nothing():
    assert longest_shared("", "ACGT") is None
    assert longest_shared("ACGT", "") is None
    assert longest_shared("AAAA", "CCGG") is None


def test_identical_and_single():
    assert longest_shared("GATTACA", "GATTACA") == Shared("GATTACA", 0, 0)
    assert longest_shared("G", "ACG") == Shared("G", 0, 2)


def test_ties():
    assert longest_shared("GGTAAC", "AACCGGT") == Shared("GGT", 0, 4)
    assert longest_shared("ACTT", "TTACGAC") == Shared("AC", 0, 2)


def test_cleaning():
    assert longest_shared("ga t\nt", "cgatta") == Shared("GATT", 0, 1)
    for pair in (("ACX", "A"), ("A", "U")):
        with pytest.raises(ValueError):
            longest_shared(*pair)


def test_candidate():
    assert primer_candidate("AACGTAC", "TTCGTAG") == "CGTA"
    assert primer_candidate("AAC", "AAC") is None
    assert primer_candidate("A", "C") is None


def test_medium_sequences():
    first, second = medium()
    shared = longest_shared(first, second)
    size = len(shared.bases)
    assert size >= 24 and bases(24, 77) in shared.bases
    assert first[shared.first_at:shared.first_at + size] == shared.bases
    assert second[shared.second_at:shared.second_at + size] == shared.bases
