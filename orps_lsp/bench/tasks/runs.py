"""Put a run together: tasks, model, folders."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from orps_lsp import models
from orps_lsp.bench.tasks.records import About, Run
from orps_lsp.bench.tasks.run import Plan, run
from orps_lsp.bench.tasks.task import load, shuffled
from orps_lsp.config import Settings
from orps_lsp.errors import OrpsError
from orps_lsp.llm import create_engine
from orps_lsp.search.types import Part


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user asks for: a file of tasks, how many of them, how."""

    file: Path
    settings: Settings
    limit: int
    sample_seed: int
    parallel: int
    without: frozenset[Part] = frozenset()


def planned(choice: Choice) -> tuple[Plan, About]:
    """Return what is to be run, and what it is.

    Raises:
        BenchError: there are no tasks.
        ModelError: there is no such model.
    """
    settings = choice.settings
    tasks = load(choice.file)
    if choice.limit:
        tasks = shuffled(tasks, choice.sample_seed)
    model, digest = _model(settings)
    about = About(
        file=named(choice.file),
        sha256=sha256(choice.file),
        method=settings.method,
        model=model,
        model_sha256=digest,
        tokens=settings.tokens,
        limit=choice.limit,
        sample_seed=choice.sample_seed,
        seed=settings.seed,
        without=tuple(sorted(part.value for part in choice.without)),
    )
    cache = platformdirs.user_cache_path("orps-lsp", appauthor=False) / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    generations = f"{model} {digest}"
    plan = Plan(tasks, choice.limit, settings, cache, generations, choice.parallel, choice.without)
    return plan, about


def named(file: Path) -> str:
    """Return what a file of tasks is called on any machine: its folder and its name."""
    return f"{file.resolve().parent.name}/{file.name}"


@contextmanager
def opened(about: About, out: Path | None) -> Iterator[Run]:
    """Begin the run in ``out``, or go on with it; without a folder it is kept for a while.

    Raises:
        BenchError: the folder holds another run.
    """
    if out is not None:
        yield Run.open(out, about)
        return
    with tempfile.TemporaryDirectory(prefix="orps-bench-") as folder:
        yield Run.open(Path(folder), about)


async def execute(plan: Plan, into: Run, listen: Callable[[str], None]) -> Run:
    """Run what is left of a plan.

    Raises:
        OrpsError: the model, the sandbox or the interpreter cannot be used.
    """
    engine = create_engine(plan.settings)
    try:
        await run(plan, into, engine, listen)
    finally:
        await engine.close()
    return into


def _model(settings: Settings) -> tuple[str, str]:
    """Return the model's name and the hash of its file, or of the script that stands for one."""
    if settings.engine == "scripted":
        return "scripted", sha256(Path(settings.script))
    if settings.engine == "openai_compatible":
        return settings.model, settings.endpoint
    found = models.resolve(settings.model)
    return found.name, sha256(found.path)


def sha256(file: Path) -> str:
    """Return the hash of a file.

    Raises:
        OrpsError: it cannot be read.
    """
    try:
        with file.open("rb") as opened_file:
            digest = hashlib.sha256()
            while block := opened_file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise OrpsError(f"{file} cannot be read: {error}.") from error
