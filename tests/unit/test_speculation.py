"""Drafts by prompt lookup: what is guessed, and when a guess is worth its place in the batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.llm.llama_cpp.speculation import NOTHING, SIZES, Costs, Draft, Lookup, Speculation

FREE = Costs(dict.fromkeys((1, 64), 1.0))
LINEAR = Costs({size: float(size) for size in (1, 64)})
LONG = Draft([1] * 8, 12)


def test_a_draft_is_what_followed_the_same_words_last_time() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 9, 9, 1, 2, 3, 7, 8, 0, 0, 1, 2])
    assert lookup.draft() == NOTHING
    lookup.extend([3])
    assert lookup.draft() == Draft([7, 8, 0, 0, 1, 2, 3], 3)


def test_the_length_of_the_match_is_told() -> None:
    words = [5, 4, 3, 2, 1, 7]
    assert Lookup([*words, 9, 8, *words[:-1]]).draft() == Draft([7, 9, 8, 5, 4, 3, 2, 1], 5)
    assert Lookup([*words, 9, 8, 6, *words[1:-1]]).draft().match == 4
    assert Lookup(words * 5).draft().match == 12


@given(st.lists(st.integers(0, 2), max_size=40))
def test_a_draft_stands_in_the_text_behind_its_match(tokens: list[int]) -> None:
    draft, match = Lookup(tokens).draft()
    if not draft:
        assert match == 0
        return
    end = tokens[-match:]
    found = [
        at
        for at in range(match, len(tokens))
        if tokens[at - match : at] == end and tokens[at : at + len(draft)] == draft
    ]
    assert found and match >= 3


@pytest.mark.parametrize("sequences", [1, 4, 16])
def test_drafts_are_verified_where_they_cost_nothing_and_not_where_they_cost_as_much(
    sequences: int,
) -> None:
    assert Speculation(FREE).pays(sequences)
    assert not Speculation(LINEAR).pays(sequences)
    assert Speculation(FREE).lengths([LONG] * sequences, 64)[0] > 0
    assert Speculation(LINEAR).lengths([LONG] * sequences, 64) == [0] * sequences


def test_the_likelier_drafts_come_first() -> None:
    # Four tokens cost as much as one, a fifth ten times as much.
    costs = Costs({1: 1.0, 4: 1.0, 5: 10.0, 64: 10.0})
    assert Speculation(costs).lengths([Draft([1] * 8, 3), Draft([2] * 8, 12)], 64) == [0, 2]
    assert Speculation(costs).lengths([Draft([1] * 8, 12), NOTHING], 64) == [2, 0]


def test_room_is_never_exceeded() -> None:
    assert sum(Speculation(FREE).lengths([LONG] * 5, 7)) == 7
    assert sum(Speculation(FREE).lengths([LONG] * 5, 0)) == 0


def test_what_was_wrong_of_late_is_no_longer_tried() -> None:
    costs = Costs({1: 1.0, 2: 1.5, 64: 40.0})
    speculation = Speculation(costs)
    assert speculation.lengths([LONG], 8) != [0]
    for _ in range(60):
        speculation.learn(12, 1, 0)
    assert speculation.lengths([LONG], 8) == [0]
    for _ in range(60):
        speculation.learn(12, 1, 1)
    assert speculation.lengths([LONG], 8) != [0]


def test_costs_lie_on_lines_between_what_was_measured() -> None:
    costs = Costs({1: 1.0, 2: 3.0, 4: 2.0, 8: 5.0})
    assert [costs(n) for n in (1, 2, 3, 4, 6, 8)] == [1.0, 3.0, 2.5, 2.0, 3.5, 5.0]
    assert costs(9) == float("inf")
    assert max(SIZES) >= 32


def test_nothing_is_drafted_where_nothing_was_measured() -> None:
    assert not Speculation(Costs({})).pays(1)
    assert not Speculation(Costs({1: 1.0})).pays(4)
