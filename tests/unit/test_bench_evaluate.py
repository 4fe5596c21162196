"""`orps-lsp bench evaluate`: a short real run, its JSON, and what it does with bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from orps_lsp.bench.evaluate.modes import Modes
from orps_lsp.bench.evaluate.projects import projects
from orps_lsp.bench.evaluate.ranking import Ranking, Trials
from orps_lsp.bench.evaluate.report import Report
from orps_lsp.bench.machine import Machine
from orps_lsp.evaluation.protocol import Speedup

COMMAND = (sys.executable, "-m", "orps_lsp", "bench", "evaluate")


def test_a_short_run_measures_every_way_on_every_project() -> None:
    command = [*COMMAND, "--repeat", "1", "--trials", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report["projects"]) == {"small", "large", "numpy"}
    for figures in report["projects"].values():
        assert set(figures) == {"fresh_ms", "sandboxed_ms", "full_ms", "collected_ms"}
        assert all(value > 0 for value in figures.values())
    assert set(report["ranking"]) == {"1.05", "1.10", "2.00", "clone_called_faster"}
    assert report["sandbox"] != "none"


@pytest.mark.parametrize("value", ["-1", "many"])
def test_a_wrong_number_is_named(value: str) -> None:
    done = subprocess.run(
        [*COMMAND, f"--repeat={value}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert f"not '{value}'" in done.stderr


def test_every_project_has_right_and_wrong_versions_of_its_function() -> None:
    for project in projects():
        verdicts = set()
        for version in project.versions:
            names: dict[str, object] = {}
            exec(version, names)
            xs = [3, 1, 3, 2]
            unique = names["unique"]
            assert callable(unique)
            verdicts.add(unique(xs) == [3, 1, 2])
        assert verdicts == {True, False}


def test_the_report_gives_medians_ratios_and_shares() -> None:
    def speedup(median: float, low: float) -> Speedup:
        return Speedup(median, low, 2 * median, 9)

    modes = Modes(
        "small", 10, 10, {"fresh": (300, 400), "full": (100, 50), "collected": (10.0, 20.0)}
    )
    ranking = Ranking(
        (
            Trials(1.1, (speedup(1.1, 1.05), speedup(1.01, 0.99)), 0.5),
            Trials(1.0, (speedup(1.0, 0.99),), 0.5),
        )
    )
    data = Report((modes,), ranking, "bubblewrap", Machine("cpu", 2, 0.1, 1.0), "today").to_json()
    assert data["projects"]["small"] == {"fresh_ms": 350, "full_ms": 75, "collected_ms": 15}
    assert data["ratios"]["small"] == {"full": 5.5, "collected": 25}
    assert data["ranking"] == {"1.10": 0.5, "clone_called_faster": 0.0}
