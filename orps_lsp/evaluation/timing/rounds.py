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

    ``beside`` is what passed on each clock beside that and its warm-up, to make arguments. It is
    seen from outside: the zygote reads the CPU clock of the process, where the system lets it.
    """

    cpu: int
    wall: int
    waits: bool = False
    beside: Mapping[Clock, int] = field(default_factory=dict)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], elapsed: int, warm_up: float) -> Sample:
        """Read a host's answer; ``warm_up`` is how many samples came before this one."""
        cpu, wall, used = int(event["cpu_ns"]), int(event["wall_ns"]), event.get("used_ns")
        beside: dict[Clock, int] = {"wall": elapsed - round(wall * (1 + warm_up))}
        if used is not None:
            beside["cpu"] = used - round(cpu * (1 + warm_up))
        return cls(cpu, wall, bool(event["waits"]), beside)

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

    def hidden(self, clock: Clock) -> float:
        """Return the time in ns that only the candidate's process took beside its sample."""
        original, candidate = self.original.beside.get(clock), self.candidate.beside.get(clock)
        if original is None or candidate is None:
            return 0.0
        return max(0.0, candidate - original * (1 + HIDDEN))

    def worst_ratio(self, clock: Clock) -> float:
        """Return the ratio if the candidate's hidden time is part of its sample."""
        return self.original.time(clock) / (self.candidate.time(clock) + self.hidden(clock))


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

    def hides(self, clock: Clock) -> bool:
        """Say whether the candidate's process took much more time than it reported."""
        sample = median(pair.original.time(clock) for pair in self.pairs)
        return median(pair.hidden(clock) for pair in self.pairs) > HIDDEN * sample

    def worst_ratios(self, clock: Clock) -> list[float]:
        """Return each round's ratio, hidden time included."""
        return [median(pair.worst_ratio(clock) for pair in pairs) for pairs in self.warm]


def enough(rounds: Rounds) -> bool:
    """Say whether more rounds would change nothing."""
    return statistics.enough(rounds.ratios(rounds.clock))


def conclude(rounds: Rounds, scale: float = 1.0) -> tuple[Speedup, str]:
    """Say what the rounds come to, and in a sentence what limits it.

    Where two ways to look at them differ, the worse one counts: a gain in CPU time is none if the
    calls last longer, and one that shows only in repeated calls is a result that was remembered.

    Raises:
        Unmeasurable: nothing is left of its gain if all that its process took is counted.
    """
    clock = rounds.clock
    found = _speedup(rounds.ratios(clock), len(rounds.pairs), clock, scale)
    if not found.claimed:
        return found, ""
    if rounds.hides(clock):
        found = _speedup(rounds.worst_ratios(clock), len(rounds.pairs), clock, scale)
        if not found.claimed:
            raise Unmeasurable("Its timing cannot be trusted: it took more time than it reported.")
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


def _speedup(ratios: Sequence[float], pairs: int, clock: Clock, scale: float) -> Speedup:
    sure = statistics.interval(ratios)
    return Speedup(sure.centre, sure.low, sure.high, pairs, clock, scale)
