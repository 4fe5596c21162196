"""Functions that no test calls: refused, or compared on generated inputs if the user says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.project.modules import import_name
from orps_lsp.evaluation.protocol import Verdict

CORE = """
    def unique(xs: list[int]) -> list[int]:
        out = []
        for x in xs:
            if x not in out:
                out.append(x)
        return out

    def bare(xs):
        return xs + 1
"""
LINEAR = "def unique(xs: list[int]) -> list[int]:\n    return {}\n"


async def test_annotations_are_enough_to_compare_and_to_measure(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"package/__init__.py": "", "package/core.py": CORE})
    async with evaluating(root, "unique", file="package/core.py", untested="generate") as evaluator:
        baseline = await evaluator.baseline()
        faster = await evaluator.evaluate(LINEAR.format("list(dict.fromkeys(xs))"))
        wrong = await evaluator.evaluate(LINEAR.format("sorted(set(xs))"))
        broken = await evaluator.evaluate("raise ImportError('x')\n")
    assert baseline.tests == ()
    assert baseline.comparable
    assert faster.verdict is Verdict.VERIFIED, faster.reason
    assert faster.coverage == "not covered by tests"
    assert faster.evidence is not None
    assert faster.evidence.replayed == 0
    assert faster.evidence.generated >= baseline.MINIMUM_GENERATED
    assert any("No test" in sentence for sentence in faster.evidence.unchecked)
    assert faster.speedup is not None
    assert faster.speedup.claimed
    assert wrong.verdict is Verdict.DISAGREES
    assert broken.verdict is Verdict.BROKEN


@pytest.mark.parametrize(("qualname", "untested"), [("unique", "refuse"), ("bare", "generate")])
async def test_without_consent_or_inputs_nothing_is_verified(
    tmp_path: Path, qualname: str, untested: str
) -> None:
    root = write_project(tmp_path, {"core.py": CORE})
    async with evaluating(root, qualname, untested=untested) as evaluator:
        baseline = await evaluator.baseline()
        evaluation = await evaluator.evaluate((root / "core.py").read_text(encoding="utf-8"))
    assert not baseline.comparable
    assert evaluation.verdict is Verdict.BROKEN


def test_a_module_is_imported_from_the_first_folder_that_is_no_package(tmp_path: Path) -> None:
    root = write_project(
        tmp_path, {"src/a/__init__.py": "", "src/a/b/__init__.py": "", "src/a/b/c.py": ""}
    )
    package = root / "src" / "a" / "b"
    assert import_name(package / "c.py", root) == ("a.b.c", root / "src")
    assert import_name(package / "__init__.py", root) == ("a.b", root / "src")
    assert import_name(root / "core.py", root) == ("core", root)
