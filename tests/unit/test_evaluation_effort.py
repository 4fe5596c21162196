"""More effort: other inputs, more of them, and a longer measurement."""

from __future__ import annotations

from pathlib import Path

from evaluation_support import write_project

from orps_lsp.config import Settings
from orps_lsp.evaluation.evaluator import open_evaluator
from orps_lsp.evaluation.limits import USUAL, Effort
from orps_lsp.evaluation.protocol import Evaluation, Target, Verdict
from orps_lsp.evaluation.timing.work import PAIRS

UNIQUE = """
def unique(items: list[int]) -> list[int]:
    found = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
"""
TESTS = """
from core import unique


def test_unique():
    assert unique([n % 150 for n in range(400)]) == list(range(150))


def test_order():
    assert unique([3, 1, 3, 2]) == [3, 1, 2]
"""
FASTER = "def unique(items: list[int]) -> list[int]:\n    return list(dict.fromkeys(items))\n"


async def evaluated(root: Path, effort: Effort) -> tuple[set[bytes], Evaluation]:
    """Return the inputs that were invented, and the evaluation of a faster version."""
    file = root / "core.py"
    target = Target(root, file, "unique", file.read_text(encoding="utf-8"))
    evaluator = await open_evaluator(target, Settings(), effort)
    try:
        await evaluator.baseline()
        known = evaluator._original
        assert known is not None
        inputs = {known.oracle.inputs[index] for index in known.oracle.invented}
        return inputs, await evaluator.evaluate(FASTER)
    finally:
        await evaluator.close()


async def test_more_effort_finds_other_inputs_and_measures_longer(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"core.py": UNIQUE, "test_core.py": TESTS})
    usual, quickly = await evaluated(root, USUAL)
    more, thoroughly = await evaluated(root, Effort(seed=1, inputs=4, rounds=9, seconds=30.0))
    assert quickly.verdict is thoroughly.verdict is Verdict.VERIFIED
    assert len(more) > 2 * len(usual)
    assert thoroughly.evidence and thoroughly.evidence.generated >= len(more)
    assert quickly.speedup and thoroughly.speedup
    assert thoroughly.speedup.claimed
    assert thoroughly.speedup.pairs >= 9 * PAIRS > quickly.speedup.pairs


async def test_the_seed_decides_which_inputs_are_invented(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"core.py": UNIQUE, "test_core.py": TESTS})
    usual, _ = await evaluated(root, USUAL)
    same, _ = await evaluated(root, Effort(seed=0))
    other, _ = await evaluated(root, Effort(seed=1))
    shared, kept = len(usual & other), len(usual & same)
    assert kept > 0.9 * len(usual)  # a busy machine may not get through all of them
    assert shared < 0.7 * len(usual)  # edges are the same, whatever the seed
