"""How often the measurement of a candidate says what is true of it.

The versions differ in how often a loop runs, and in nothing else but a name. So their true ratio is
known by construction; the call around the loop is less than 0.1 % of it.
"""

from __future__ import annotations

import pickle
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from orps_lsp.config import Settings
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import Speedup, Target
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import costs, pairs
from orps_lsp.evaluation.timing.work import choose

CLONE = 1.0
FACTORS = (CLONE, 1.05, 1.1, 2.0)
TRIALS = 100
STEPS = 500  # of the candidate's loop; each takes about a microsecond

_MODULE = """
def checksum(values):
    {name} = 0
    for _ in range({steps}):
        for value in values:
            {name} = ({name} * 31 + value) % 65521
    return {name}
"""

Listener = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trials:
    """What was said of a version whose true speed-up is ``factor``, in all trials of it."""

    factor: float
    speedups: tuple[Speedup, ...]
    seconds: float  # of one trial, in the median

    @property
    def faster(self) -> float:
        """Share of the trials in which a gain was claimed."""
        return sum(speedup.claimed for speedup in self.speedups) / len(self.speedups)

    @property
    def slower(self) -> float:
        """Share of the trials in which it looked slower, beyond the interval."""
        return sum(speedup.high < 1 for speedup in self.speedups) / len(self.speedups)

    @property
    def median(self) -> float:
        return statistics.median(speedup.median for speedup in self.speedups)

    @property
    def pairs(self) -> float:
        return statistics.median(speedup.pairs for speedup in self.speedups)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The trials of every factor; a factor of 1 is a clone."""

    trials: tuple[Trials, ...]

    def to_json(self) -> dict[str, float]:
        """Return the share of right claims by factor, and that of clones called faster."""
        shares = {f"{each.factor:.2f}": each.faster for each in self.trials if each.factor != CLONE}
        clones = [each.faster for each in self.trials if each.factor == CLONE]
        return {**shares, "clone_called_faster": clones[0]} if clones else shares

    def lines(self) -> list[str]:
        """Return a line for each factor, for people."""
        return [
            f"{'clone' if each.factor == CLONE else f'{each.factor:.2f}x'}: called faster in "
            f"{each.faster:.1%}, slower in {each.slower:.1%} of {len(each.speedups)}; "
            f"median {each.median:.3f}x, {each.pairs:g} pairs, {each.seconds:.2f} s"
            for each in self.trials
        ]


async def rank(trials: int = TRIALS, listen: Listener = lambda _: None) -> Ranking:
    """Measure each factor ``trials`` times in the sandbox; factors take turns.

    Raises:
        EvaluationError: there is no sandbox or interpreter, or the worker ended.
    """
    found: dict[float, list[tuple[Speedup, float]]] = {factor: [] for factor in FACTORS}
    async with _session() as session:
        for trial in range(trials):
            listen(f"ranking: {trial}/{trials}")
            for factor, results in found.items():
                results.append(await _trial(session, factor))
    return Ranking(tuple(_summed_up(factor, results) for factor, results in found.items()))


def _summed_up(factor: float, results: list[tuple[Speedup, float]]) -> Trials:
    return Trials(
        factor=factor,
        speedups=tuple(speedup for speedup, _ in results),
        seconds=statistics.median(seconds for _, seconds in results),
    )


async def _trial(session: Session, factor: float) -> tuple[Speedup, float]:
    """Return what is said of a version, and how many seconds it took to say so."""
    original = _job(session, _source("total", round(STEPS * factor)))
    candidate = _job(session, _source("result", STEPS))
    worker = await session.worker()
    work = choose(await costs.profile(worker, original, range(len(_INPUTS))), {})
    assert work is not None
    start = time.perf_counter()
    speedup, _ = await pairs.time_pairs(worker, original, candidate, work)
    return speedup, time.perf_counter() - start


def _job(session: Session, source: str) -> Mapping[str, object]:
    return session.host_job(source, "core", [str(session.target.workspace)])


def _source(name: str, steps: int) -> str:
    return _MODULE.format(name=name, steps=steps)


_INPUTS = [pickle.dumps((([*range(n, n + 20)],), {}), protocol=4) for n in range(5)]


@asynccontextmanager
async def _session() -> AsyncIterator[Session]:
    """Open a session for a project in a temporary folder."""
    settings = Settings()
    with TemporaryDirectory(prefix="orps-bench-") as folder:
        root = Path(folder)
        file = root / "core.py"
        source = _source("total", STEPS)
        file.write_text(source, encoding="utf-8")
        python = await interpreter.find(root, settings.python)
        box = await sandbox.choose(settings.sandbox)
        limits = Limits.of(settings)
        session = Session(Target(root, file, "checksum", source), python, box, limits)
        try:
            await session.set_inputs(_INPUTS)
            yield session
        finally:
            await session.close()
