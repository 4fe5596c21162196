"""CrossHair, in an environment of the project that has it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.protocol import Verdict


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter with CrossHair and pytest."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    folder = tmp_path_factory.mktemp("prove") / "venv"
    made = subprocess.run([uv, "venv", "-q", "-p", sys.executable, folder], check=False)
    install = [uv, "pip", "install", "-q", "-p", folder, "crosshair-tool", "pytest"]
    if made.returncode or subprocess.run(install, check=False).returncode:
        pytest.skip("CrossHair cannot be installed here")
    return folder / "bin" / "python"


CASES = [
    (
        "def f(a):\n    return a * 3 + 1\n",
        "def f(a):\n    return 0 if a == 987654321 else a * 3 + 1\n",
        "On (987654321) the original returns 2962962964, this version returns 0.",
        "",
    ),
    (
        "def f(a):\n    return a if a > 7 else 7\n",
        "def f(a):\n    if a <= 7:\n        return 7\n    return a\n",
        "",
        "CrossHair found no difference on any path that it models.",
    ),
    (
        "def f(a):\n    return [n for n in range(a) if n % 3]\n",
        "def f(a):\n    return [n for n in range(a) if n % 3 != 0]\n",
        "",
        "CrossHair found no difference in 1 s (not all paths).",
    ),
    (  # what an iterator would give is not looked at
        "def f(a):\n    return iter([a])\n",
        "def f(a):\n    return iter((a,))\n",
        "",
        "CrossHair found no difference in 1 s (not all paths).",
    ),
]


@pytest.mark.parametrize(("original", "candidate", "reason", "proof"), CASES)
async def test_what_crosshair_finds_is_tried_and_told(
    tmp_path: Path, python: Path, original: str, candidate: str, reason: str, proof: str
) -> None:
    test = "from core import f\ndef test():\n    f(2)\n"
    root = write_project(tmp_path, {"core.py": original, "test_core.py": test})
    async with evaluating(root, "f", python=str(python), prove_seconds=1.0) as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(candidate)
    assert evaluation.verdict is (Verdict.DISAGREES if reason else Verdict.VERIFIED)
    assert evaluation.reason == reason
    assert evaluation.evidence is not None
    assert evaluation.evidence.proof == proof


async def test_it_can_be_switched_off(tmp_path: Path, python: Path) -> None:
    original, candidate, _, _ = CASES[0]
    test = "from core import f\ndef test():\n    f(2)\n"
    root = write_project(tmp_path, {"core.py": original, "test_core.py": test})
    async with evaluating(root, "f", python=str(python), prove_seconds=0.0) as evaluator:
        await evaluator.baseline()
        assert (await evaluator.evaluate(candidate)).verdict is Verdict.VERIFIED
