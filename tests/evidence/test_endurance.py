"""A thousand evaluations in a row, with random kills: no verdict is lost, and nothing is left."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.evaluator import LocalEvaluator
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.protocol import Evaluation, TestOutcome, Verdict

EVALUATIONS = 1000
WARM_UP = 100  # evaluations after which memory must not grow
MAX_GROWTH = 24 * 1024 * 1024
CANDIDATE_SECONDS = 3.0
KILLS = 0.08  # share of evaluations during which a process is killed
LITTER = "orps-litter"

PROJECT = {
    "core.py": """
        def merge(left, right):
            merged = []
            while left and right:
                source = left if left[0] <= right[0] else right
                merged.append(source.pop(0))
            return merged + left + right
    """,
    "test_core.py": """
        import pytest
        from core import merge

        @pytest.mark.parametrize("n", [5, 20])
        def test_merge(n):
            assert merge(list(range(0, n, 2)), list(range(1, n, 2))) == list(range(n))

        def test_one_side():
            assert merge([1], []) == [1]
    """,
}
START = "merged = []"

# What a candidate does, how often in a hundred, and what it must get.
KINDS: dict[str, tuple[int, str, Verdict]] = {
    "right": (5, START, Verdict.VERIFIED),
    "litters": (
        1,
        "import os, tempfile\n"
        f"    for place in (tempfile.gettempdir(), '/dev/shm', '/tmp', os.path.expanduser('~')):\n"
        "        try:\n"
        f"            open(os.path.join(place, '{LITTER}-%d' % os.getpid()), 'w').write('x')\n"
        "        except OSError:\n"
        "            pass\n"
        f"    {START}",
        Verdict.VERIFIED,
    ),
    "wrong": (38, "return left + right", Verdict.FAILED_TESTS),
    "wrong at an edge": (6, "merged = [] if left or right else [0]", Verdict.DISAGREES),
    "broken": (18, "merged = []\nraise ImportError('no')\nif True:", Verdict.BROKEN),
    "crashes": (14, "__import__('ctypes').string_at(0)", Verdict.FAILED_TESTS),
    "hoards": (
        6,
        "hoard = []\n    while True: hoard.append(bytearray(1 << 26))",
        Verdict.FAILED_TESTS,
    ),
    "forks": (
        11,
        "import os\n    if not os.fork():\n        while True: pass\n    merged = []",
        Verdict.FAILED_TESTS,
    ),
    "hangs": (1, "while True: pass", Verdict.FAILED_TESTS),
}


def sequence(chance: random.Random) -> list[str]:
    """Return the kind of each evaluation: the shares hold in every hundred."""
    hundred = [kind for kind, (share, _, _) in KINDS.items() for _ in range(share)]
    kinds: list[str] = []
    while len(kinds) < EVALUATIONS:
        chance.shuffle(hundred)
        kinds += hundred
    return kinds


class Killer:
    """Kills processes below ours: a sandbox, a worker, or what a candidate runs in."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.killed = 0

    async def evaluate(self, evaluator: LocalEvaluator, text: str) -> Evaluation:
        """Evaluate, now and then with a kill meanwhile."""
        if self._chance.random() >= KILLS:
            return await evaluator.evaluate(text)
        delay = self._chance.uniform(0, 0.1)
        _, evaluation = await asyncio.gather(self._kill(delay), evaluator.evaluate(text))
        return evaluation

    async def _kill(self, delay: float) -> None:
        await asyncio.sleep(delay)
        below = psutil.Process().children(recursive=True)
        if below:
            victim = self._chance.choice(below)
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                return
            self.killed += 1


@dataclass(frozen=True)
class Footprint:
    """What this process holds on the machine."""

    children: tuple[psutil.Process, ...]
    descriptors: int
    mounts: str
    files: tuple[Path, ...]  # in its folder for temporary files, and what candidates wrote

    @classmethod
    def take(cls) -> Footprint:
        ours = psutil.Process()
        places = (Path("/dev/shm"), Path("/tmp"), Path.home())
        litter = [path for place in places for path in place.glob(f"{LITTER}*")]
        return cls(
            children=tuple(ours.children(recursive=True)),
            descriptors=ours.num_fds(),
            mounts=Path("/proc/self/mountinfo").read_text(),
            files=(*Path(tempfile.gettempdir()).iterdir(), *litter),
        )


async def test_a_thousand_evaluations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(Limits, "candidate_seconds", staticmethod(lambda _: CANDIDATE_SECONDS))

    root = write_project(tmp_path / "project", PROJECT)
    source = (root / "core.py").read_text()
    ours = psutil.Process()
    before = Footprint.take()
    chance = random.Random(4)
    killer = Killer(chance)
    wrong: list[tuple[int, str, Evaluation]] = []
    outcomes: Counter[TestOutcome] = Counter()
    warm = 0
    async with evaluating(root, "merge", memory_mb=256) as evaluator:
        await evaluator.baseline()
        known = evaluator._original
        assert known is not None
        evaluator._original = replace(known, costs=replace(known.costs, work=None))  # not measured
        for number, kind in enumerate(sequence(chance)):
            _, text, expected = KINDS[kind]
            evaluation = await killer.evaluate(evaluator, source.replace(START, text))
            outcomes.update(test.outcome for test in evaluation.tests)
            if evaluation.verdict is not expected:
                wrong.append((number, kind, evaluation))
            if number == WARM_UP:
                warm = ours.memory_info().rss
        grown = ours.memory_info().rss - warm
    assert wrong == []
    assert killer.killed > EVALUATIONS * KILLS / 2
    assert {TestOutcome.CRASHED, TestOutcome.TIMEOUT, TestOutcome.FAILED} <= set(outcomes)
    assert grown < MAX_GROWTH
    assert Footprint.take() == before
    assert (before.children, before.files) == ((), ())
