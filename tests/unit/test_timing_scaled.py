"""Functions whose tests are tiny: they are compared and timed on larger inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.protocol import Verdict

ORIGINAL = """
def repeated(items):
    found = []
    for n, item in enumerate(items):
        if item in items[:n] and item not in found:
            found.append(item)
    return found
"""
TESTS = """
from core import repeated

def test_numbers():
    assert repeated([1, 2, 1]) == [1]

def test_words():
    assert repeated(["b", "a", "b", "b"]) == ["b"]

def test_nothing():
    assert repeated([]) == []
"""
LINEAR = """
def repeated(items):
    counts = {}
    found = []
    for item in items:
        count = counts[item] = counts.get(item, 0) + 1
        if count == 2:
            found.append(item)
    return found
"""
FOR_TINY_ONES = """
def repeated(items):
    if len(items) < 2:
        return []
    if len(items) == 3:
        a, b, c = items
        return [a] if a in (b, c) else [b] if b == c else []
    found = []
    for n, item in enumerate(items):
        if item in items[:n] and item not in found:
            found.append(item)
    return found
"""
SLOW_TO_START = LINEAR.replace("counts = {}", "counts = dict.fromkeys(range(100), 0)")
SLOWER_TO_START = LINEAR.replace("counts = {}", "counts = dict.fromkeys(range(2000), 0)")
WRONG_AT_LENGTH = LINEAR.replace("    return found", "    return found[:50]")


@dataclass(frozen=True)
class Case:
    candidate: str
    verdict: Verdict = Verdict.VERIFIED
    faster: bool = False
    unchecked: str = ""


CASES = {
    "linear": Case(LINEAR, faster=True),
    "faster on tiny inputs only": Case(FOR_TINY_ONES),
    "slower on tiny inputs": Case(
        SLOW_TO_START, faster=True, unchecked="On inputs as small as those of the tests it is"
    ),
    "much slower on tiny inputs": Case(
        SLOWER_TO_START, faster=True, unchecked="tests it is more than 20 times slower."
    ),
    "wrong on long inputs": Case(WRONG_AT_LENGTH, Verdict.DISAGREES),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_counts_is_the_speed_on_larger_inputs(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    root = write_project(tmp_path, {"core.py": ORIGINAL, "test_core.py": TESTS})
    async with evaluating(root, "repeated") as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(case.candidate)
    assert evaluation.verdict is case.verdict, evaluation.reason
    if case.verdict is not Verdict.VERIFIED:
        return
    assert evaluation.evidence and evaluation.speedup
    assert evaluation.evidence.scaled > 0
    assert evaluation.speedup.scale > 1
    assert evaluation.speedup.claimed is case.faster
    assert case.unchecked in " ".join(evaluation.evidence.unchecked)
