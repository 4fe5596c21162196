"""Wrong candidates that weak tests let pass, and right ones: what is offered, and what is not."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path

import pytest
from evaluation_support import evaluating
from pairs import Pair
from right_pairs import RIGHT
from wrong_pairs import NOT_FASTER, WRONG

from orps_lsp.evaluation.protocol import Evaluation, Verdict

MAX_MISSED = 2  # right candidates that may stay unoffered


async def evaluate(pair: Pair, root: Path) -> Evaluation:
    if pair.needs and importlib.util.find_spec(pair.needs) is None:
        pytest.skip(f"{pair.needs} is not installed")
    async with evaluating(pair.write(root), pair.qualname) as evaluator:
        baseline = await evaluator.baseline()
        assert baseline.tests
        assert not baseline.failed
        return await evaluator.evaluate(textwrap.dedent(pair.candidate))


@pytest.mark.parametrize("pair", WRONG, ids=str)
async def test_a_wrong_candidate_that_passes_its_tests_is_found_out(
    pair: Pair, tmp_path: Path
) -> None:
    evaluation = await evaluate(pair, tmp_path)
    assert evaluation.verdict is Verdict.DISAGREES, evaluation


@pytest.mark.parametrize("pair", NOT_FASTER, ids=str)
async def test_a_candidate_without_a_gain_is_not_called_faster(pair: Pair, tmp_path: Path) -> None:
    evaluation = await evaluate(pair, tmp_path)
    assert evaluation.passed == len(evaluation.tests)
    claimed = evaluation.speedup is not None and evaluation.speedup.claimed
    assert not (evaluation.verdict is Verdict.VERIFIED and claimed), evaluation


async def test_right_and_faster_candidates_are_offered(tmp_path: Path) -> None:
    pairs = [pair for pair in RIGHT if not pair.needs or importlib.util.find_spec(pair.needs)]
    missed: list[str] = []
    for number, pair in enumerate(pairs):
        evaluation = await evaluate(pair, tmp_path / str(number))
        claimed = evaluation.speedup is not None and evaluation.speedup.claimed
        if evaluation.verdict is not Verdict.VERIFIED or not claimed:
            missed.append(f"{pair}: {evaluation.verdict.value}: {evaluation.reason}")
    assert len(pairs) >= 30
    assert len(missed) <= MAX_MISSED, missed
