"""What was measured of two versions, and what it comes to. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.evaluation.timing import statistics

TOO_SLOW = 20.0
HIDDEN = 0.1  # of a sample: more CPU time than that beside it needs an explanation

Clock = Literal["cpu", "wall"]


class Unmeasurable(Exception):
    """A version cannot be timed; the message is a sentence for people."""


class TooSlow(Unmeasurable):
    """The candidate is so slow that no more need be known."""

    def __init__(self) -> None:
        super().__init__(f"It is more than {TOO_SLOW:g} times slower than the original.")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a version took for the work, in ns; ``waits`` if it spent most of that waiting.

    ``beside`` is the CPU time that its process took beside that and its warm-up, to make arguments.
    For that the zygote reads the process's clock, from outside; None where it cannot.
    """

    cpu: int
    wall: int
    waits: bool = False
    beside: int | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any], warm_up: float) -> Sample:
        """Read a host's answer; ``warm_up`` is how many samples came before this one."""
        cpu, used = event["cpu_ns"], event.get("used_ns")
        beside = None if used is None else used - round(cpu * (1 + warm_up))
        return cls(cpu=cpu, wall=event["wall_ns"], waits=event["waits"], beside=beside)

    def time(self, clock: Clock) -> int:
        return max(1, self.wall if clock == "wall" else self.cpu)


@dataclass(frozen=True, slots=True)
class Pair:
    """Neighbouring samples of both versions."""

    original: Sample
    candidate: Sample

    def ratio(self, clock: Clock) -> float:
        """Return the original's time over the candidate's."""
        return self.original.time(clock) / self.candidate.time(clock)

    @property
    def hidden(self) -> float:
        """The CPU time in ns that only the candidate's process took beside its sample."""
        if self.original.beside is None or self.candidate.beside is None:
            return 0.0
        return self.candidate.beside - self.original.beside * (1 + HIDDEN)


@dataclass(slots=True)
class Rounds:
    """The rounds so far. ``once`` holds each round's first calls, ``warm`` its pairs."""

    once: list[Pair] = field(default_factory=list)
    warm: list[list[Pair]] = field(default_factory=list)

    @property
    def pairs(self) -> list[Pair]:
        return [pair for pairs in self.warm for pair in pairs]

    @property
    def clock(self) -> Clock:
        """Wall time if either version mostly waits: then CPU time is not what it costs."""
        original = sum(pair.original.waits for pair in self.pairs)
        candidate = sum(pair.candidate.waits for pair in self.pairs)
        return "wall" if 2 * max(original, candidate) >= len(self.pairs) else "cpu"

    def ratios(self, clock: Clock) -> list[float]:
        """Return each round's ratio."""
        return [median(pair.ratio(clock) for pair in pairs) for pairs in self.warm]


def enough(rounds: Rounds) -> bool:
    """Say whether more rounds would change nothing."""
    return statistics.enough(rounds.ratios(rounds.clock))


def conclude(rounds: Rounds, scale: float = 1.0) -> tuple[Speedup, str]:
    """Say what the rounds come to, and in a sentence what limits it.

    Where two ways to look at them differ, the worse one counts: a gain in CPU time is none if the
    calls last longer, and one that shows only in repeated calls is a result that was remembered.

    Raises:
        Unmeasurable: the candidate did more than it says.
    """
    clock = rounds.clock
    found = _speedup(rounds.ratios(clock), len(rounds.pairs), clock, scale)
    if not found.claimed:
        return found, ""
    _check_honesty(rounds.pairs)
    if clock == "cpu":
        lasting = _speedup(rounds.ratios("wall"), len(rounds.pairs), "wall", scale)
        if lasting.high < statistics.NOT_SLOWER:
            return lasting, "It takes less CPU time than the original, but its calls last longer."
    if rounds.once:
        ratios = [pair.ratio(clock) for pair in rounds.once]
        once = _speedup(ratios, len(ratios), clock, scale)
        if math.log(once.high) < math.log(found.low) / 2:
            return once, "It is faster only in calls that it was given before."
    return found, ""


def _check_honesty(pairs: Sequence[Pair]) -> None:
    """Compare what was reported from inside with the clock that a candidate cannot reach."""
    sample = median(pair.original.cpu for pair in pairs)
    if median(pair.hidden for pair in pairs) > HIDDEN * sample:
        raise Unmeasurable("Its timing cannot be trusted: it took more time than it reported.")


def _speedup(ratios: Sequence[float], pairs: int, clock: Clock, scale: float) -> Speedup:
    sure = statistics.interval(ratios)
    return Speedup(sure.centre, sure.low, sure.high, pairs, clock, scale)
