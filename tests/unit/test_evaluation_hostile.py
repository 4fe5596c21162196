"""A version that hangs. All other attacks: ``tests/evidence/attacks.py``."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.protocol import TestOutcome, Verdict

FILES = {
    "core.py": """
        def first(xs, default=None):
            for x in xs:
                return x
            return default
    """,
    "test_core.py": """
        from core import first

        def test_first():
            assert first([1, 2]) == 1

        def test_default():
            assert first([], 7) == 7
    """,
}


async def test_a_version_that_hangs_costs_its_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orps_lsp.evaluation.limits.MIN_TEST_SECONDS", 1.0)
    monkeypatch.setattr("orps_lsp.evaluation.limits.TEST_FACTOR", 1.0)
    root = write_project(tmp_path, FILES)
    async with evaluating(root, "first") as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(
            "def first(xs, default=None):\n    if xs: return xs[0]\n    while True:\n        pass\n"
        )
    assert evaluation.verdict is Verdict.FAILED_TESTS
    assert [test.outcome for test in evaluation.tests] == [
        TestOutcome.PASSED,  # what was done before the hang is kept
        TestOutcome.TIMEOUT,
    ]
