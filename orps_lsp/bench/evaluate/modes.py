"""How long a candidate's tests take in each of the ways to run them, side by side.

The rivals get the candidate as a file in a copy of the project, and the names of the tests that
touch the function: what discovery saves is not counted in.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.evaluate.projects import Project, projects
from orps_lsp.config import Settings
from orps_lsp.evaluation import original, sandbox
from orps_lsp.evaluation.discovery.suite import SuiteRun
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import interpreter, surroundings
from orps_lsp.evaluation.protocol import Target
from orps_lsp.evaluation.runner import TestRunner
from orps_lsp.evaluation.sandbox import Sandbox
from orps_lsp.evaluation.session import Session
from orps_lsp.store import Store

_WARM_UP = 1  # rounds that do not count: file caches are cold

Run = Callable[[str], Awaitable[bool]]
Listener = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Modes:
    """Milliseconds per candidate, by way to run its tests, in the order of measurement."""

    project: str
    tests: int
    suite: int
    milliseconds: Mapping[str, tuple[float, ...]]

    def median(self, mode: str) -> float:
        return statistics.median(self.milliseconds[mode])

    def times(self, mode: str) -> float:
        """How many times as quick as a fresh pytest: median over the rounds."""
        pairs = zip(self.milliseconds["fresh"], self.milliseconds[mode], strict=True)
        return statistics.median(fresh / ours for fresh, ours in pairs)

    def to_json(self) -> dict[str, float]:
        return {f"{mode}_ms": round(self.median(mode), 1) for mode in self.milliseconds}


async def measure(repeat: int, listen: Listener = lambda _: None) -> tuple[Modes, ...]:
    """Run every version of every project ``repeat`` times in each way, the ways in turn.

    Raises:
        EvaluationError: there is no sandbox or interpreter.
        BenchError: two ways do not agree on a version.
    """
    found = []
    for project in projects():
        with TemporaryDirectory(prefix="orps-bench-") as folder:
            found.append(await _measure(project, Path(folder), repeat, listen))
    return tuple(found)


async def _measure(project: Project, folder: Path, repeat: int, listen: Listener) -> Modes:
    root = folder / project.name
    root.mkdir()
    project.write(root)
    async with _runner(root, folder / "store.sqlite3") as (runner, suite):
        rival = _Rival(runner, folder / "copy")
        runs: dict[str, Run] = {
            "fresh": rival.fresh,
            "sandboxed": rival.sandboxed,
            "full": _passes(runner, runner.full),
            "collected": _passes(runner, runner.collected),
        }
        milliseconds: dict[str, list[float]] = {mode: [] for mode in runs}
        for turn in range(_WARM_UP + repeat):
            listen(f"{project.name}: round {turn + 1} of {_WARM_UP + repeat}")
            for version in project.versions:
                verdicts = {}
                for mode, run in runs.items():
                    start = time.perf_counter()
                    verdicts[mode] = await run(version)
                    if turn >= _WARM_UP:
                        milliseconds[mode].append(1e3 * (time.perf_counter() - start))
                if len(set(verdicts.values())) > 1:
                    raise BenchError(
                        f"The ways to run tests disagree on a version of '{project.name}': "
                        f"{verdicts}.",
                        "Please report this.",
                    )
    return Modes(
        project=project.name,
        tests=len(runner.tests),
        suite=suite,
        milliseconds={mode: tuple(values) for mode, values in milliseconds.items()},
    )


def _passes(runner: TestRunner, run: Callable[[str], Awaitable[SuiteRun | None]]) -> Run:
    async def passes(version: str) -> bool:
        done = await run(version)
        if done is None:
            raise BenchError("The tests cannot be loaded ahead.", "Please report this.")
        return len(done.results) == len(runner.tests) and all(
            test.passed for test in done.results.values()
        )

    return passes


@asynccontextmanager
async def _runner(root: Path, store: Path) -> AsyncIterator[tuple[TestRunner, int]]:
    settings = Settings()
    file = root / "core.py"
    target = Target(root, file, "unique", file.read_text(encoding="utf-8"))
    python = await interpreter.find(root, settings.python)
    limits = Limits.of(settings)
    session = Session(target, python, await sandbox.choose(settings.sandbox), limits)
    try:
        known = await original.learn(session, Store(store))
        runner = TestRunner(session, known.baseline.tests, known.files, known.wall)
        await runner.prepare()
        yield runner, known.baseline.suite_size
    finally:
        await session.close()


class _Rival:
    """``python -m pytest`` on a copy of the project, with and without a sandbox around it."""

    def __init__(self, runner: TestRunner, copy: Path) -> None:
        session = runner.session
        shutil.copytree(session.target.workspace, copy)
        self._file = copy / "core.py"
        self._sandbox: Sandbox = session.sandbox
        self._policy = surroundings.policy(copy, session.interpreter)
        ids = [test.id for test in runner.tests]
        options = ("-B", "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider")
        self._argv = (str(session.interpreter.path), *options, *ids)

    async def fresh(self, version: str) -> bool:
        self._file.write_text(version, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            cwd=self._policy.cwd,
            env={**os.environ, **self._policy.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            return await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def sandboxed(self, version: str) -> bool:
        self._file.write_text(version, encoding="utf-8")
        process = await self._sandbox.spawn(self._argv, self._policy)
        try:
            await process.stdout.read()
            return await process.wait() == 0
        finally:
            await process.kill()
