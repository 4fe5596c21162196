"""What a run of tasks came to, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from orps_lsp.bench.tasks.records import Run
from orps_lsp.bench.tasks.statistics import Estimate, Metrics, metrics


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its figures."""

    run: Run
    metrics: Metrics

    @classmethod
    def of(cls, run: Run) -> Report:
        return cls(run, metrics(run.scored))

    @property
    def tokens(self) -> float:
        """Generated per task."""
        return fmean([record.tokens for record in self.run.scored] or [0])

    @property
    def seconds(self) -> float:
        """Of all tasks together, as if one had run after the other."""
        return sum(record.seconds for record in self.run.scored)

    def to_json(self) -> dict[str, Any]:
        about, figures = self.run.about, self.metrics
        return {
            "method": about.method,
            "model": about.model,
            "tasks": len(self.run.scored),
            "pass_at_1": number(figures.pass_at_1.value),
            "tests": number(figures.tests.value),
            "valid": number(figures.valid.value),
            "time": number(figures.time.value),
            "tokens_per_task": round(self.tokens, 1),
            "seconds": round(self.seconds, 1),
            "intervals": {
                name: interval(getattr(figures, name))
                for name in ("pass_at_1", "tests", "valid", "time")
            },
            "without": list(about.without),
            "seed": about.seed,
            "token_budget": about.tokens,
            "file": about.file,
            "file_sha256": about.sha256,
            "model_sha256": about.model_sha256,
            "apart": {record.task: record.apart for record in self.run.apart},
        }


def number(value: float | None) -> float | None:
    """Round a figure to what it can mean."""
    return None if value is None else round(value, 4)


def interval(estimate: Estimate) -> list[float | None]:
    """Return both ends."""
    return [number(estimate.low), number(estimate.high)]
