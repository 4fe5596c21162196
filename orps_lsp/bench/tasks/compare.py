"""Runs side by side: those that differ in nothing but the seed are one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.tasks.records import About, Record, Run
from orps_lsp.bench.tasks.report import interval, number
from orps_lsp.bench.tasks.statistics import Metrics, Paired, metrics, paired


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of one method over several seeds, and files of tasks."""

    name: str
    runs: tuple[Run, ...]

    @property
    def records(self) -> dict[str, Record]:
        """By file, task and seed: what another group's record is paired with."""
        return {
            f"{run.about.sha256} {record.task} {run.about.seed}": record
            for run in self.runs
            for record in run.scored
        }

    @property
    def metrics(self) -> Metrics:
        return metrics(list(self.records.values()))

    @property
    def tokens(self) -> float:
        return fmean([record.tokens for record in self.records.values()] or [0])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups, and each but the first beside the first."""

    groups: tuple[Group, ...]
    against_first: tuple[Paired, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "groups": [
                {
                    "name": group.name,
                    "runs": [str(run.folder) for run in group.runs],
                    "tasks": len(group.records),
                    "tokens_per_task": round(group.tokens, 1),
                    **{
                        name: [number(found.value), *interval(found)]
                        for name in ("pass_at_1", "tests", "valid", "time")
                        if (found := getattr(group.metrics, name))
                    },
                }
                for group in self.groups
            ],
            "against": self.groups[0].name,
            "paired": [
                {
                    "name": group.name,
                    "tasks": pair.tasks,
                    "pass_at_1_difference": [
                        number(pair.difference.value),
                        *interval(pair.difference),
                    ],
                    "pass_at_1_ratio": [number(pair.ratio.value), *interval(pair.ratio)],
                    "tests_difference": [number(pair.tests.value), *interval(pair.tests)],
                    "only_this_solved": pair.wins,
                    "only_the_first_solved": pair.losses,
                    "p": number(pair.p),
                    "time_ratio": [number(pair.time.value), *interval(pair.time)],
                    "both_correct": pair.both,
                }
                for group, pair in zip(self.groups[1:], self.against_first, strict=True)
            ],
        }


def compare(runs: Sequence[Run]) -> Comparison:
    """Group the runs and compare each group with the first one.

    Raises:
        BenchError: two groups have no task in common.
    """
    groups: dict[About, list[Run]] = {}
    for run in runs:
        about = replace(run.about, seed=0, file="", sha256="", limit=0, sample_seed=0)
        groups.setdefault(about, []).append(run)
    models = {about.model_sha256 for about in groups}
    budgets = {about.tokens for about in groups}
    found = tuple(
        Group(_name(about, len(models) > 1, len(budgets) > 1), tuple(members))
        for about, members in groups.items()
    )
    first = found[0].records
    pairs = []
    for group in found[1:]:
        pair = paired(group.records, first)
        if not pair.tasks:
            raise BenchError(
                f"'{group.name}' and '{found[0].name}' have no task and seed in common.",
                "Compare runs over the same file, sample and seeds.",
            )
        pairs.append(pair)
    return Comparison(found, tuple(pairs))


def _name(about: About, models: bool, budgets: bool) -> str:
    """A name that tells the group from the others."""
    parts = [about.method, *(f"without {part}" for part in about.without)]
    parts += [about.model] if models else []
    parts += [f"{about.tokens} tokens"] if budgets else []
    return ", ".join(parts)
