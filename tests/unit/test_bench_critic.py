"""``orps-lsp bench critic``: real sandbox, written answers and scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.bench.critic.auc import auc, auc_within
from orps_lsp.bench.critic.run import Judged, Report
from orps_lsp.cli import main

TASK = {
    "task_id": "own/twice",
    "instruction": "Give each item twice.",
    "signature": "def twice(xs: list[int]) -> list[int]:",
    "setup": "from code import twice\n",
    "visible_tests": ["assert twice([1]) == [1, 1]", "assert twice([]) == []"],
    "hidden_tests": ["assert twice([2, 1]) == [2, 2, 1, 1]"],
    "reference": "def twice(xs):\n    return [x for x in xs for _ in range(2)]",
}
ANSWERS = [
    "    return [x for x in xs for _ in (0, 1)]",  # right
    "    return xs + xs",  # passes what is visible
    "    return xs",
]


def test_versions_are_scored_with_and_without_what_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tasks, script = tmp_path / "tasks.jsonl", tmp_path / "script.json"
    tasks.write_text(json.dumps(TASK))
    script.write_text(json.dumps({"answers": ANSWERS, "score": [0, 0, 0, 0, 1]}))
    options = ("--engine", "scripted", "--script", script, "--tokens", 0, "--candidates", 3)
    assert main(["bench", "critic", str(tasks), *map(str, options), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["candidates"], found["right"]) == (3, 1)
    assert (found["passing"]["candidates"], found["passing"]["right"]) == (2, 1)
    # A critic that says the same of all knows nothing; the visible tests know one of two.
    assert found["auc"]["code"] == found["auc"]["execution"] == {"all": 0.5, "within_task": 0.5}
    assert found["auc"]["visible_tests"]["all"] >= 0.75
    assert main(["bench", "critic", str(tasks), *map(str, options)]) == 0
    assert "3 versions, 1 right" in capsys.readouterr().out


def judged(task: str, right: bool, executed: float, outcome: float = 0.2) -> Judged:
    return Judged(task, right, 1.0, outcome, 0.5, executed)


def test_a_critic_that_knows_more_than_the_tests_gets_weight() -> None:
    knows = [judged("a", True, 0.9), judged("a", False, 0.1), judged("b", False, 0.95)]
    report = Report("m", tuple(knows))
    assert report.to_json()["auc"]["execution"] == {"all": 0.5, "within_task": 1.0}
    assert report.alpha > 0
    misled = Report("m", (judged("a", True, 0.1, 0.4), judged("a", False, 0.9, 0.1)))
    assert misled.alpha == 0


scored = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20)


@given(scored)
def test_auc_is_a_share_and_turns_round_with_the_scores(found: list[tuple[int, bool]]) -> None:
    scores, right = [float(s) for s, _ in found], [r for _, r in found]
    value = auc(scores, right)
    if len(set(right)) < 2:
        assert value is None
        return
    assert value is not None and 0 <= value <= 1
    assert auc([-s for s in scores], right) == pytest.approx(1 - value)
    assert auc([s**3 + s for s in scores], right) == pytest.approx(value)  # the order alone counts
    assert auc([float(r) for r in right], right) == 1
    assert auc_within([(scores, right), ([], [])]) == pytest.approx(value)
