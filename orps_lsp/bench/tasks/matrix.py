"""Many runs from one command: methods and ablations, over files, budgets and seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import survey
from orps_lsp.bench.tasks.records import Run
from orps_lsp.bench.tasks.run import run
from orps_lsp.bench.tasks.runs import Choice, planned
from orps_lsp.bench.tasks.summary import Origin, Summary
from orps_lsp.llm import create_engine
from orps_lsp.search.types import Part

_ABOUT = "matrix.json"
ORPS = "orps"


@dataclass(frozen=True, slots=True)
class Matrix:
    """What to run. Each of the ``ablations`` leaves that part of ``orps`` out.

    ``command`` is how a user asked for it: it goes onto the page of the results.
    """

    files: tuple[Path, ...]
    methods: tuple[str, ...]
    ablations: tuple[Part, ...]
    tokens: tuple[int, ...]
    seeds: tuple[int, ...]
    command: str

    def cells(self) -> Iterator[tuple[Path, str, Part | None, int, int]]:
        """Yield file, method, what is left out, tokens and seed of each run.

        Seed by seed and budget by budget: what is there when it is stopped can be compared.
        """
        ways = [*((method, None) for method in self.methods), *((ORPS, p) for p in self.ablations)]
        for tokens in self.tokens:
            for seed in self.seeds:
                for file in self.files:
                    for method, part in ways:
                        yield file, method, part, tokens, seed


def folder_of(
    out: Path, file: Path, method: str, part: Part | None, tokens: int, seed: int
) -> Path:
    """Return where a run is kept."""
    way = f"{method}-without-{part.value}" if part else method
    return out / f"{file.parent.name}-{file.stem}" / f"{tokens}-{way}-{seed}"


async def execute(matrix: Matrix, choice: Choice, out: Path, listen: Callable[[str], None]) -> None:
    """Run what is not there yet, all with one engine.

    Raises:
        OrpsError: the model, the sandbox or the interpreter cannot be used; a folder holds other
            runs.
    """
    _describe(matrix, out)
    engine = create_engine(choice.settings)
    try:
        cells = list(matrix.cells())
        for number, (file, method, part, tokens, seed) in enumerate(cells, 1):
            settings = replace(choice.settings, method=method, tokens=tokens, seed=seed)
            without = frozenset({part} if part else ())
            plan, what = planned(replace(choice, file=file, settings=settings, without=without))
            into = Run.open(folder_of(out, file, method, part, tokens, seed), what)
            listen(f"run {number} of {len(cells)}: {into.folder.relative_to(out)}")
            await run(plan, into, engine, listen)
    finally:
        await engine.close()


def _describe(matrix: Matrix, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    about = {"command": matrix.command, "machine": asdict(survey())}
    (out / _ABOUT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def load(out: Path) -> Summary:
    """Read all runs of a folder, also those that are not complete.

    Raises:
        BenchError: there are none.
    """
    try:
        about = json.loads((out / _ABOUT).read_text("utf-8"))
        origin = Origin(str(about["command"]), about["machine"]["cpu"], about["machine"]["cores"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchError(f"{out} holds no results: {error}.") from error
    folders: Sequence[Path] = sorted(path.parent for path in out.glob("*/*/run.json"))
    runs = tuple(run for run in map(Run.load, folders) if run.scored)
    if not runs:
        raise BenchError(f"No task in {out} is done yet.", "Run the command again: it goes on.")
    return Summary((origin,), runs)
