"""What a page of results is written from: runs, shortened to what the figures need.

It is kept beside the page, as JSON with a line for each task. So a page grows over several sittings
and machines, whose folders of runs are long gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cattrs

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.tasks.records import About, Record, Run

_KEPT = ("task", "apart", "passed", "total", "valid", "time", "tokens", "date")
_NOTHING = Record("")


@dataclass(frozen=True, slots=True)
class Origin:
    """By which command runs were made, and on what: ``cores`` are physical ones of ``cpu``."""

    command: str
    cpu: str
    cores: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Runs, and where they come from. Two runs never have the same ``about``."""

    origins: tuple[Origin, ...] = ()
    runs: tuple[Run, ...] = ()

    def and_new(self, other: Summary) -> Summary:
        """Add what another sitting brought; of the same run its version counts."""
        replaced = [run.about for run in other.runs]
        kept = [run for run in self.runs if run.about not in replaced]
        origins = dict.fromkeys((*self.origins, *other.origins))
        return Summary(tuple(origins), (*kept, *other.runs))


def beside(page: Path) -> Path:
    """Return where the summary of a page is kept."""
    return page.with_suffix(".json")


def read(file: Path) -> Summary:
    """Read a summary; an empty one where there is no file.

    Raises:
        BenchError: it cannot be read.
    """
    converter = cattrs.Converter(forbid_extra_keys=True)
    try:
        data = json.loads(file.read_text("utf-8")) if file.exists() else {"origins": [], "runs": []}
        origins = converter.structure(data["origins"], tuple[Origin, ...])
        runs = []
        for run in data["runs"]:
            records = converter.structure(run["records"], tuple[Record, ...])
            about = converter.structure(run["about"], About)
            runs.append(Run(file.parent, about, {record.task: record for record in records}))
    except (OSError, ValueError, KeyError, TypeError, cattrs.BaseValidationError) as error:
        raise BenchError(
            f"{file} holds no summary of results: {error}.", "Move it away, or mend it."
        ) from error
    return Summary(origins, tuple(runs))


def write(summary: Summary, file: Path) -> None:
    """Write a summary, with a line for each task, so that changes of it can be read."""
    runs = ",\n".join("\n".join(_run(run)) for run in summary.runs)
    origins = ",\n".join(json.dumps(asdict(origin)) for origin in summary.origins)
    file.write_text(f'{{"origins": [\n{origins}\n],\n"runs": [\n{runs}\n]}}\n', "utf-8")


def _run(run: Run) -> Iterator[str]:
    records = [run.records[name] for name in sorted(run.records)]
    yield f'{{"about": {json.dumps(asdict(run.about))},'
    yield '"records": ['
    yield ",\n".join(json.dumps(_shortened(record)) for record in records)
    yield "]}"


def _shortened(record: Record) -> dict[str, Any]:
    """What the figures need of a record, without what is as it is by itself."""
    fields = {name: getattr(record, name) for name in _KEPT}
    return {name: value for name, value in fields.items() if value != getattr(_NOTHING, name)}
