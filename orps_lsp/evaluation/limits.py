"""How much time and memory an evaluation may take."""

from __future__ import annotations

from dataclasses import dataclass

MIN_TEST_SECONDS = 5.0
TEST_FACTOR = 10.0  # how much longer than the original's tests a candidate's may take


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the baseline in seconds of wall time, and of every child's memory in MiB."""

    test_timeout: float = 120.0
    memory_mb: int = 2048

    @property
    def memory_bytes(self) -> int:
        return self.memory_mb * 1024 * 1024

    @staticmethod
    def candidate_seconds(original: float) -> float:
        """Wall time for a candidate's tests, where the original's took ``original`` seconds."""
        return max(MIN_TEST_SECONDS, TEST_FACTOR * original)
