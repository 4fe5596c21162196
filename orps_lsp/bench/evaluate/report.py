"""What a run of ``orps-lsp bench evaluate`` found, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.bench.evaluate.modes import Modes
from orps_lsp.bench.evaluate.ranking import Ranking
from orps_lsp.bench.machine import Machine


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run. ``ranking`` is None where it was left out."""

    projects: tuple[Modes, ...]
    ranking: Ranking | None
    sandbox: str
    machine: Machine
    date: str

    def to_json(self) -> dict[str, Any]:
        """Return milliseconds per candidate (medians), and shares between 0 and 1."""
        data: dict[str, Any] = {
            "projects": {modes.project: modes.to_json() for modes in self.projects},
            "ratios": {
                modes.project: {mode: round(modes.times(mode), 2) for mode in ("full", "collected")}
                for modes in self.projects
            },
        }
        if self.ranking is not None:
            data["ranking"] = self.ranking.to_json()
        machine = {**asdict(self.machine), "busy": self.machine.busy}
        return {**data, "sandbox": self.sandbox, "machine": machine, "date": self.date}
