"""How much time and memory an evaluation may take, and how exact it is."""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.config import Settings

MIN_TEST_SECONDS = 5.0
TEST_FACTOR = 10.0  # how much longer than the original's tests a candidate's may take


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard an evaluation looks for differences, and how long it measures.

    ``inputs`` times the usual number of inputs are invented, in as many times the time; where
    chance plays a part in them, it begins from ``seed``. A speed-up is measured in at least
    ``rounds``, as many as make it sure; none begins after ``seconds``.
    """

    seed: int = 0
    inputs: int = 1
    rounds: int = 1
    seconds: float = 8.0


USUAL = Effort()  # what a search needs


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the baseline in seconds of wall time, and of every child's memory in MiB.

    ``float_tolerance`` is the relative difference that floats in results may have.
    ``prove_seconds`` is for one candidate, where CrossHair is installed. ``untested`` says whether
    generated inputs are enough for a function that no test calls.
    """

    test_timeout: float = 120.0
    memory_mb: int = 2048
    float_tolerance: float = 0.0
    prove_seconds: float = 0.0
    untested: bool = False
    effort: Effort = USUAL

    @classmethod
    def of(cls, settings: Settings, effort: Effort = USUAL) -> Limits:
        """Return those that the settings name."""
        return cls(
            test_timeout=settings.test_timeout,
            memory_mb=settings.memory_mb,
            float_tolerance=settings.float_tolerance,
            prove_seconds=settings.prove_seconds,
            untested=settings.untested == "generate",
            effort=effort,
        )

    @property
    def memory_bytes(self) -> int:
        return self.memory_mb * 1024 * 1024

    @staticmethod
    def candidate_seconds(original: float) -> float:
        """Wall time for a candidate's tests, where the original's took ``original`` seconds."""
        return max(MIN_TEST_SECONDS, TEST_FACTOR * original)
