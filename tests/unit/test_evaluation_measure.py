"""The statistics of paired timings: what may be claimed, and when sampling ends."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import statistics

RATIOS = st.lists(st.floats(0.01, 100), min_size=4, max_size=45)


@given(RATIOS)
def test_the_interval_holds_its_centre_and_the_centre_lies_among_the_ratios(
    ratios: list[float],
) -> None:
    found = statistics.interval(ratios)
    assert found.low <= found.centre <= found.high
    assert min(ratios) * (1 - 1e-9) <= found.centre <= max(ratios) * (1 + 1e-9)


@given(RATIOS)
def test_exchanging_the_versions_turns_the_interval_around(ratios: list[float]) -> None:
    there = statistics.interval(ratios)
    back = statistics.interval([1 / ratio for ratio in ratios])
    assert 1 / back.high == pytest.approx(there.low)
    assert 1 / back.centre == pytest.approx(there.centre)


@given(RATIOS, st.randoms(use_true_random=False))
def test_the_order_of_rounds_does_not_matter(ratios: list[float], rng: random.Random) -> None:
    shuffled = rng.sample(ratios, len(ratios))
    assert statistics.interval(shuffled) == statistics.interval(ratios)


def test_one_disturbed_round_hardly_moves_the_interval() -> None:
    calm = [1.09, 1.10, 1.10, 1.11, 1.10, 1.09]
    disturbed = statistics.interval([*calm[:-1], 9.0])
    assert disturbed.centre == pytest.approx(statistics.interval(calm).centre, rel=0.01)
    assert disturbed.high < 1.3


def test_the_interval_of_four_rounds_is_that_of_student() -> None:
    logs = [0.00, 0.01, 0.02, 0.05]
    found = statistics.interval([math.exp(log) for log in logs], error=0.05)
    deviation = math.sqrt(sum((log - fmean(logs)) ** 2 for log in logs) / 3 / 4)
    assert math.log(found.low) == pytest.approx(fmean(logs) - 3.182446 * deviation)


def test_three_rounds_have_no_interval() -> None:
    with pytest.raises(ValueError, match="3 rounds"):
        statistics.interval([1.0] * 3)


@pytest.mark.parametrize(
    ("freedom", "probability", "expected"),
    [
        (1, 0.975, 12.7062),
        (2, 0.975, 4.3027),
        (3, 0.99, 4.5407),
        (4, 0.995, 4.6041),
        (5, 0.999, 5.8934),
        (8, 0.975, 2.3060),
        (12, 0.9995, 4.3178),
        (30, 0.9, 1.3104),
    ],
)
def test_quantiles_of_student_agree_with_the_tables(
    freedom: int, probability: float, expected: float
) -> None:
    assert statistics.student(freedom, probability) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([2.0, 2.01, 1.99, 2.0], True),
        ([0.5, 0.51, 0.49, 0.5], True),
        ([2.0, 2.01, 1.99], False),
        ([2.0, 2.01, 1.99, 2.0, 2.0], False),
        ([1.001, 0.999, 1.0, 1.0], True),
        ([1.04, 1.0, 1.05, 1.01], False),
        ([1.2, 0.8] * 9, False),
        ([1.2, 0.8] * 22 + [1.2], True),
    ],
    ids=["faster", "slower", "too few", "no look", "no gain", "unclear", "noisy", "out of rounds"],
)
def test_sampling_stops_when_more_rounds_change_nothing(
    rounds: list[float], expected: bool
) -> None:
    assert statistics.enough(rounds) is expected


@dataclass(frozen=True)
class Noise:
    """Standard deviations in logarithms: of a process, of a pair; and the share of bursts."""

    process: float
    pair: float
    bursts: float

    def round(self, rng: random.Random, true: float) -> float:
        shift = rng.gauss(0, self.process)
        return true * math.exp(shift + median(self._error(rng) for _ in range(3)))

    def _error(self, rng: random.Random) -> float:
        error = rng.gauss(0, self.pair)
        if rng.random() < self.bursts:
            error += rng.choice((-1, 1)) * rng.expovariate(1 / (10 * self.pair))
        return error


QUIET = Noise(process=0.01, pair=0.01, bursts=0.1)
BUSY = Noise(process=0.02, pair=0.05, bursts=0.2)
WILD = Noise(process=0.03, pair=0.3, bursts=0.3)


def simulated(noise: Noise, true: float, trials: int) -> Iterator[statistics.Interval]:
    """Yield what sequential sampling comes to, again and again."""
    rng = random.Random(f"{noise}{true}")
    for _ in range(trials):
        rounds: list[float] = []
        while not statistics.enough(rounds):
            rounds.append(noise.round(rng, true))
        yield statistics.interval(rounds)


def claimed(found: statistics.Interval) -> bool:
    return Speedup(found.centre, found.low, found.high, 0).claimed


def share(
    noise: Noise, true: float, trials: int, holds: Callable[[statistics.Interval], bool]
) -> float:
    return sum(map(holds, simulated(noise, true, trials))) / trials


@pytest.mark.parametrize("noise", [QUIET, BUSY, WILD])
def test_equal_versions_are_hardly_ever_claimed_to_be_faster(noise: Noise) -> None:
    assert share(noise, 1.0, 1000, claimed) < 0.005


def test_equal_versions_are_hardly_ever_claimed_to_be_faster_on_a_machine_that_others_use() -> None:
    rng = random.Random(1)
    claims = 0
    for _ in range(2000):
        load = rng.gauss(0, 0.08)  # it slows one of the versions, for longer than a round
        rounds: list[float] = []
        while not statistics.enough(rounds):
            rounds.append(math.exp(load))
            load = 0.6 * load + 0.8 * rng.gauss(0, 0.08)
        claims += claimed(statistics.interval(rounds))
    assert claims / 2000 < 0.015


@pytest.mark.parametrize("noise", [QUIET, BUSY, WILD])
@pytest.mark.parametrize("true", [1.0, 1.1])
def test_the_interval_is_honest_whichever_look_ends_the_sampling(noise: Noise, true: float) -> None:
    assert share(noise, true, 600, lambda found: found.low <= true <= found.high) > 0.985


def test_a_gain_of_a_tenth_is_nearly_always_claimed() -> None:
    assert share(QUIET, 1.1, 300, claimed) > 0.99


def test_a_clear_gain_needs_the_fewest_rounds() -> None:
    rng = random.Random(1)
    rounds = [QUIET.round(rng, 2.0) for _ in range(statistics.MIN_ROUNDS)]
    assert statistics.enough(rounds)
    assert claimed(statistics.interval(rounds))


@pytest.mark.parametrize(
    ("speedup", "claimed"),
    [
        (Speedup(1.5, 1.25, 1.8, 7), True),
        (Speedup(1.5, 1.2, 1.9, 7), False),
        (Speedup(1.08, 1.025, 1.134, 60), False),  # identical versions, on a busy machine
        (Speedup(1.5, 0.9, 2.5, 7), False),
        (Speedup(1.02, 1.01, 1.03, 25), False),
        (Speedup(1.031, 1.003, 1.056, 14), False),  # measured between two identical versions
    ],
)
def test_a_gain_is_claimed_only_beyond_noise(speedup: Speedup, claimed: bool) -> None:
    assert speedup.claimed is claimed
