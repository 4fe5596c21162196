"""What a run of ``orps-lsp bench refine`` found, and its JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.bench.machine import Machine
from orps_lsp.bench.refine.result import Result
from orps_lsp.config import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """The functions that were measured; of ``planned`` ones, fewer if it was interrupted."""

    results: tuple[Result, ...]
    planned: int
    settings: Settings
    machine: Machine
    date: str

    @property
    def model(self) -> str:
        """As the engine calls it, else as the settings do."""
        models = (result.outcome.model for result in self.results if result.outcome)
        return next(models, self.settings.model)

    @property
    def improved_share(self) -> float | None:
        """Share of the functions whose best edit holds and is 1.2 times as fast or more."""
        improved = sum(result.improved for result in self.results)
        return improved / len(self.results) if self.results else None

    @property
    def median_gain(self) -> float | None:
        """Of all functions; those without an edit that holds count as 1."""
        return _median(result.gain for result in self.results)

    @property
    def false_wins(self) -> int:
        return sum(result.false_win for result in self.results)

    @property
    def median_first(self) -> float | None:
        """Seconds to the first faster version, where there is one."""
        return _median(r.first_seconds for r in self.results if r.first_seconds is not None)

    @property
    def median_best(self) -> float | None:
        """Seconds to the best edit, where there is one."""
        return _median(r.best_seconds for r in self.results if r.best_seconds is not None)

    @property
    def generated(self) -> int:
        """Tokens, over all functions."""
        return sum(result.outcome.usage.generated for result in self.results if result.outcome)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; a limit of 0 is none."""
        settings = self.settings
        return {
            "model": self.model,
            "method": settings.method,
            "seconds_limit": settings.seconds,
            "tokens_limit": settings.tokens,
            "candidates_limit": settings.candidates,
            "rounds_limit": settings.rounds,
            "seed": settings.seed,
            "machine": {**asdict(self.machine), "busy": self.machine.busy},
            "date": self.date,
            "planned": self.planned,
            "measured": len(self.results),
            "improved_share": _rounded(self.improved_share),
            "median_gain": _rounded(self.median_gain),
            "false_wins": self.false_wins,
            "median_first_s": _rounded(self.median_first),
            "median_best_s": _rounded(self.median_best),
            "tokens": self.generated,
            "functions": [result.to_json() for result in self.results],
        }


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
