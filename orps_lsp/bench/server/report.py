"""What a run of ``orps-lsp bench server`` found, and its JSON."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.bench.machine import Machine

NO_REFERENCE = (
    "There is nothing to compare with: `pip install jedi-language-server`, or name another server "
    "with --reference COMMAND."
)


@dataclass(frozen=True, slots=True)
class Report:
    """Milliseconds, and megabytes of 10^6 bytes. ``latencies``: situation, kind, each request's."""

    initialize: Sequence[float]
    reference: str
    reference_initialize: Sequence[float]  # empty: there was no such server
    rss_mb: float  # of the server and its children, the long file open, one request of each kind
    rss_peak_mb: float  # until then
    rss_typed_mb: float  # after all the typing, still before the first search
    lines: int
    latencies: Mapping[str, Mapping[str, Sequence[float]]]
    model: str
    searches: int
    candidates: int
    machine: Machine
    date: str

    @property
    def ratio(self) -> float | None:
        """Ours to the reference's: the medians' ratio."""
        if not self.reference_initialize:
            return None
        return statistics.median(self.initialize) / statistics.median(self.reference_initialize)

    def to_json(self) -> dict[str, Any]:
        reference = self.reference_initialize
        return {
            "initialize_ms": round(statistics.median(self.initialize), 1),
            "reference_initialize_ms": round(statistics.median(reference), 1)
            if reference
            else None,
            "ratio": round(self.ratio, 3) if self.ratio is not None else None,
            "rss_mb": round(self.rss_mb, 1),
            "rss_peak_mb": round(self.rss_peak_mb, 1),
            "rss_typed_mb": round(self.rss_typed_mb, 1),
            "p99_ms": self._shares(0.99),
            "p50_ms": self._shares(0.5),
            "max_ms": self._shares(1.0),
            "reference": self.reference if reference else None,
            **({} if reference else {"note": NO_REFERENCE}),
            "starts": len(self.initialize),
            "requests": min(
                len(found) for kinds in self.latencies.values() for found in kinds.values()
            ),
            "lines": self.lines,
            "search": {
                "model": self.model,
                "searches": self.searches,
                "candidates": self.candidates,
            },
            "machine": {**asdict(self.machine), "busy": self.machine.busy},
            "date": self.date,
        }

    def _shares(self, share: float) -> dict[str, dict[str, float]]:
        kinds = next(iter(self.latencies.values()))
        return {
            kind: {
                situation: round(percentile(found[kind], share), 2)
                for situation, found in self.latencies.items()
            }
            for kind in kinds
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
