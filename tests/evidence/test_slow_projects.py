"""The projects of `bench refine`: what makes each faster is accepted, and its gain claimed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import slow_solutions
import unseen_solutions
from evaluation_support import NO_PLUGINS

from orps_lsp.bench.refine.projects import find
from orps_lsp.config import Settings
from orps_lsp.evaluation.evaluator import open_evaluator
from orps_lsp.evaluation.protocol import Evaluation, Verdict
from orps_lsp.search.versions import read
from orps_lsp.source.locate import find as find_function

EXAMPLES = Path(__file__).parents[2] / "examples"
SOLUTIONS = {"slow": slow_solutions.SOLUTIONS, "unseen": unseen_solutions.SOLUTIONS}
EACH = [(kind, name) for kind, solutions in SOLUTIONS.items() for name in sorted(solutions)]
POSSIBLE = 2.0  # times as fast at least


async def evaluated(kind: str, name: str, folder: Path) -> Evaluation:
    shutil.copytree(EXAMPLES / kind / name, folder / name)
    settings = folder / name / "pyproject.toml"
    table = "[tool.pytest.ini_options]\n"
    quick = settings.read_text().replace(table, f'{table}addopts = "{NO_PLUGINS}"\n')
    settings.write_text(quick)
    [project] = find(folder)
    target = project.target()
    function = find_function(target.source, target.qualname)
    version = read(SOLUTIONS[kind][name], target.source, function)
    assert not version.reason
    evaluator = await open_evaluator(target, Settings())
    try:
        baseline = await evaluator.baseline()
        assert baseline.tests and not baseline.failed and baseline.generated
        return await evaluator.evaluate(version.module)
    finally:
        await evaluator.close()


@pytest.mark.parametrize("kind", sorted(SOLUTIONS))
def test_every_project_has_a_solution(kind: str) -> None:
    projects = find(EXAMPLES / kind)
    assert [project.name for project in projects] == sorted(SOLUTIONS[kind])
    assert len(projects) >= 12


@pytest.mark.parametrize(("kind", "name"), EACH)
async def test_what_makes_it_faster_is_accepted(kind: str, name: str, tmp_path: Path) -> None:
    evaluation = await evaluated(kind, name, tmp_path)
    assert evaluation.verdict is Verdict.VERIFIED, evaluation.reason
    speedup = evaluation.speedup
    assert speedup is not None and speedup.claimed, evaluation
    assert speedup.median >= POSSIBLE
