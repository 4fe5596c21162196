"""Versions on further inputs, where the original is wrong: in the real sandbox."""

from __future__ import annotations

from pathlib import Path

from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.protocol import Verdict
from orps_lsp.search.agreement import agreement

PROJECT = {
    "core.py": """
        def middle(values: list[int]) -> int:
            raise NotImplementedError
    """,
    "test_core.py": """
        import pytest
        from core import middle

        @pytest.mark.parametrize("values, expected", [([3, 1, 2], 2), ([5], 5), ([1, 2, 3], 2)])
        def test_middle(values, expected):
            assert middle(values) == expected
    """,
}
STUB = "raise NotImplementedError"
RIGHT = "return sorted(values)[len(values) // 2]"
ALSO_RIGHT = "ordered = list(values)\n    ordered.sort()\n    return ordered[len(values) // 2]"
WRONG = "return sorted(values)[1] if len(values) == 3 else values[0]"
SLOW = "sum(range(20000))\n    return sorted(values)[len(values) // 2]"


async def test_versions_that_pass_are_told_apart_by_what_they_do(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", PROJECT)
    stub = (root / "core.py").read_text()
    modules = [stub.replace(STUB, body) for body in (RIGHT, ALSO_RIGHT, WRONG, SLOW)]
    async with evaluating(root, "middle") as evaluator:
        await evaluator.baseline()
        verdicts = [(await evaluator.evaluate(module)).verdict for module in modules]
        right, also, wrong, slow = await evaluator.behaviours(modules)
        after = await evaluator.evaluate(modules[0])
    assert verdicts == [Verdict.VERIFIED] * 4  # the tests cannot tell
    assert right.marks == also.marks == slow.marks != wrong.marks
    assert len(right.marks) > 20
    assert right.seconds and slow.seconds and slow.seconds > 5 * right.seconds
    first, second, third, fourth = agreement(
        [right.marks, also.marks, wrong.marks, slow.marks], [1, 1, 1, 1]
    )
    assert first == second == fourth > third
    assert after.verdict is Verdict.VERIFIED  # what came between has changed nothing


async def test_a_version_that_hangs_or_crashes_only_loses_its_own_marks(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", PROJECT)
    stub = (root / "core.py").read_text()
    hangs = f"if len(values) > 3:\n        while True: pass\n    {RIGHT}"
    crashes = f"if len(values) > 3:\n        import os; os._exit(0)\n    {RIGHT}"
    modules = [stub.replace(STUB, body) for body in (hangs, crashes, RIGHT)]
    async with evaluating(root, "middle") as evaluator:
        await evaluator.baseline()
        hung, crashed, right = await evaluator.behaviours(modules)
    assert len(hung.marks) == len(crashed.marks) == len(right.marks)
    assert "" in hung.marks and "" in crashed.marks
    pairs = zip(hung.marks, right.marks, strict=True)
    assert all(a == b for a, b in pairs if a.startswith("return"))
