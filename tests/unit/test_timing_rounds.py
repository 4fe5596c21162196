"""What samples come to: which clock counts, and which gains are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orps_lsp.evaluation.timing.rounds import Pair, Rounds, Sample, Unmeasurable, conclude, enough

MS = 1_000_000
STEADY = (0.998, 1.0, 1.002, 1.001)  # what processes differ by


def sample(cpu: float, wall: float | None = None, waits: bool = False) -> Sample:
    return Sample(round(cpu * MS), round((wall or cpu) * MS), waits)


def measured(original: Sample, candidate: Sample, once: Pair | None = None) -> Rounds:
    """Return four rounds in which the candidate took about this."""
    rounds = Rounds()
    for factor in STEADY:
        varied = replace(
            candidate, cpu=round(candidate.cpu * factor), wall=round(candidate.wall * factor)
        )
        rounds.warm.append([Pair(original, varied)] * 3)
        if once:
            first = replace(once.candidate, cpu=round(once.candidate.cpu * factor))
            rounds.once.append(Pair(once.original, first))
    return rounds


def test_a_gain_in_cpu_time_is_claimed() -> None:
    speedup, note = conclude(measured(sample(20), sample(10)), scale=64)
    assert speedup.claimed and speedup.median == pytest.approx(2, rel=0.01)
    assert (speedup.clock, speedup.scale, speedup.pairs, note) == ("cpu", 64, 12, "")


@pytest.mark.parametrize(
    ("original", "candidate"),
    [
        (sample(1, 20, waits=True), sample(1, 10, waits=True)),
        (sample(10, 10), sample(0.1, 5, waits=True)),  # the work is done elsewhere
        (sample(0.1, 20, waits=True), sample(10, 10)),
    ],
    ids=["both", "candidate", "original"],
)
def test_of_a_version_that_waits_wall_time_counts(original: Sample, candidate: Sample) -> None:
    rounds = measured(original, candidate)
    assert enough(rounds)
    speedup, _ = conclude(rounds)
    assert speedup.clock == "wall"
    assert speedup.median == pytest.approx(2, rel=0.01)


def test_preemption_is_no_waiting() -> None:
    speedup, _ = conclude(measured(sample(20, 90), sample(10, 90)))
    assert speedup.clock == "cpu"
    assert speedup.claimed


def test_less_cpu_time_is_no_gain_if_the_calls_last_longer() -> None:
    speedup, note = conclude(measured(sample(20), sample(16, 30)))
    assert speedup.clock == "wall"
    assert not speedup.claimed and speedup.high < 1
    assert "last longer" in note


def test_what_is_faster_only_in_repeated_calls_is_not_claimed() -> None:
    once = Pair(sample(5), sample(5))
    speedup, note = conclude(measured(sample(20), sample(2), once))
    assert not speedup.claimed
    assert note == "It is faster only in calls that it was given before."


def test_what_is_faster_in_first_calls_too_is_claimed() -> None:
    once = Pair(sample(5), sample(2.4))
    speedup, note = conclude(measured(sample(20), sample(8), once))
    assert speedup.claimed and not note


def test_a_sample_that_reports_less_than_the_process_used_is_refused() -> None:
    honest = replace(sample(20), beside={"cpu": 2 * MS})
    forged = replace(sample(10), beside={"cpu": 12 * MS})
    with pytest.raises(Unmeasurable, match="cannot be trusted"):
        conclude(measured(honest, forged))


def test_a_forged_wall_clock_is_refused_as_well() -> None:
    honest = replace(sample(20), beside={"wall": 2 * MS})
    forged = replace(sample(1, 3, waits=True), beside={"wall": 19 * MS})
    with pytest.raises(Unmeasurable, match="cannot be trusted"):
        conclude(measured(honest, forged))


def test_time_beside_the_sample_counts_where_a_gain_is_left() -> None:
    original = replace(sample(20), beside={"cpu": 2 * MS})
    candidate = replace(sample(5), beside={"cpu": 7_200_000})
    speedup, _ = conclude(measured(original, candidate))
    assert speedup.claimed
    assert speedup.median == pytest.approx(2, rel=0.01)


def test_arguments_that_are_dear_to_make_are_no_forgery() -> None:
    original = replace(sample(20), beside={"cpu": 60 * MS})
    candidate = replace(sample(10), beside={"cpu": 63 * MS})
    assert conclude(measured(original, candidate))[0].median == pytest.approx(2, rel=0.01)


def test_warm_up_does_not_count_as_time_beside_the_sample() -> None:
    event = {"cpu_ns": 8 * MS, "wall_ns": 12 * MS, "waits": False, "used_ns": 11 * MS}
    found = Sample.from_event(event, 20 * MS, 0.25)
    assert found == Sample(8 * MS, 12 * MS, False, {"cpu": 1 * MS, "wall": 5 * MS})
    del event["used_ns"]
    assert set(Sample.from_event(event, 20 * MS, 0.25).beside) == {"wall"}
