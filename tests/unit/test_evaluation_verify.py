"""Comparing outcomes of two versions, and choosing the inputs."""

from __future__ import annotations

import pytest

from orps_lsp.evaluation.equivalence import oracle, outcomes
from orps_lsp.evaluation.equivalence.outcomes import Outcome


def returns(value: str, digest: str = "", call: str = "1") -> Outcome:
    return Outcome("return", digest or value, call, value)


RAISES = Outcome("raise", "e", "1", "ValueError('no')")


@pytest.mark.parametrize(
    ("candidate", "sentence"),
    [
        (returns("3"), "On (1) the original returns 2, this version returns 3."),
        (RAISES, "On (1) the original returns 2, this version raises ValueError('no')."),
        (Outcome("timeout", "", "1", "no result in 5 s"), "this version gives no result in 5 s."),
        (Outcome("crashed", "", "", ""), "this version ends the process."),
        (Outcome("limit", "", "1", "MemoryError()"), "this version fails with MemoryError()."),
        (Outcome("uncomparable", "", "1", "a lock"), "returns what cannot be compared (a lock)."),
        (returns("2", digest="other"), "returns 2 too, but with other types, side effects"),
    ],
)
def test_a_disagreement_is_described(candidate: Outcome, sentence: str) -> None:
    evidence = outcomes.compare({0: returns("2")}, {0: candidate}, recorded=[0])
    assert evidence.disagreements == 1
    assert sentence in evidence.first_disagreement


def test_agreement_is_counted_by_where_inputs_came_from() -> None:
    original = {0: returns("a"), 1: RAISES, 2: returns("c")}
    evidence = outcomes.compare(original, dict(original), recorded=[0, 1])
    assert (evidence.replayed, evidence.generated, evidence.disagreements) == (2, 1, 0)
    assert evidence.first_disagreement == ""
    assert evidence.unchecked == ()


def test_the_shortest_input_that_differs_is_shown() -> None:
    original = {0: returns("a", call="[1, 2, 3, 4]"), 1: returns("b", call="[]")}
    candidate = {0: returns("x"), 1: returns("y")}
    assert "On ([])" in outcomes.compare(original, candidate, recorded=[]).first_disagreement


def test_inputs_that_were_not_reached_are_said_to_be_unchecked() -> None:
    evidence = outcomes.compare({0: RAISES, 1: RAISES}, {0: RAISES}, [0, 1], ["Something."])
    assert evidence.replayed == 1
    assert evidence.unchecked == (
        "Something.",
        "One input could not be compared in the time there was.",
    )


def test_only_outcomes_that_repeat_are_evidence() -> None:
    opaque = Outcome("uncomparable", "", "1", "")
    first = {0: returns("a"), 1: returns("b"), 2: opaque, 3: returns("d")}
    second = {0: returns("a"), 1: returns("other"), 2: opaque}
    assert outcomes.repeatable(first, second) == {0: returns("a")}


def test_one_input_with_two_results_makes_a_function_erratic() -> None:
    opaque = Outcome("uncomparable", "", "1", "")
    first = {0: returns("a"), 1: returns("b"), 2: opaque}
    assert not outcomes.is_erratic(first, dict(first))
    assert not outcomes.is_erratic(first, {0: returns("a")})
    assert outcomes.is_erratic(first, {0: returns("a"), 1: returns("other")})
    assert not outcomes.is_erratic(first, {1: opaque, 2: returns("c")})


def test_each_test_has_its_share_of_the_recorded_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "MAX_RECORDED", 4)
    calls = {n: b"%d" % n for n in range(10)}
    chosen = oracle.select([[0, 1, 2, 3, 4], [5], [0, 6, 7]], calls)
    assert chosen == [b"0", b"5", b"1", b"6"]


def test_calls_that_are_too_large_together_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "MAX_INPUT_BYTES", 5)
    assert oracle.select([[0, 1, 2]], {0: b"1234", 1: b"12", 2: b"1"}) == [b"1234", b"1"]
