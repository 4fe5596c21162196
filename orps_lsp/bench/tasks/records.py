"""What is kept of each task of a run, as lines of JSON: a run that was stopped goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cattrs

from orps_lsp.bench.errors import BenchError

_RECORDS = "records.jsonl"
_ABOUT = "run.json"


@dataclass(frozen=True, slots=True)
class About:
    """What a run is: two runs with equal ones could have been one."""

    file: str
    sha256: str  # of the file with the tasks
    method: str
    model: str
    model_sha256: str
    tokens: int  # a search may generate, per task
    limit: int
    sample_seed: int
    seed: int
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """What would have been picked after so many generated ``tokens``."""

    tokens: int
    round: int
    correct: bool
    passed: int


@dataclass(frozen=True, slots=True)
class Record:
    """One task of a run.

    ``apart`` says why the task counts for no method; then nothing else is set. ``passed`` and
    ``total`` count hidden tests, ``visible_passed`` those that the search saw. ``time`` is that of
    the pick over the reference's. ``tokens`` were generated, ``seconds`` passed. ``fresh`` counts
    requests to the model, ``reused`` those that an earlier run had made. ``date`` is the day, UTC.
    """

    task: str
    apart: str = ""
    picked: str = ""  # code of the pick; empty: there was none
    visible_passed: int = 0
    visible_total: int = 0
    passed: int = 0
    total: int = 0
    valid: bool = False
    time: float | None = None
    tokens: int = 0
    prompt_tokens: int = 0
    seconds: float = 0.0
    fresh: int = 0
    reused: int = 0
    stop_reason: str = ""
    notes: tuple[str, ...] = ()
    statuses: dict[str, int] = field(default_factory=dict)  # candidates, by how far they came
    curve: tuple[Point, ...] = ()
    date: str = ""

    @property
    def correct(self) -> bool:
        return self.total > 0 and self.passed == self.total


class Run:
    """The folder of a run. Every record is on disk as soon as it is there."""

    def __init__(self, folder: Path, about: About, records: dict[str, Record]) -> None:
        self.folder = folder
        self.about = about
        self.records = records

    @classmethod
    def open(cls, folder: Path, about: About) -> Run:
        """Begin a run, or go on with one.

        Raises:
            BenchError: the folder holds another run, or cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / _ABOUT).exists():
                run = cls.load(folder)
                if run.about != about:
                    raise BenchError(
                        f"{folder} holds a run with other options.", "Choose another --out."
                    )
                return run
            (folder / _ABOUT).write_text(json.dumps(asdict(about), indent=2) + "\n", "utf-8")
        except OSError as error:
            raise BenchError(f"{folder} cannot be used: {error}.") from error
        return cls(folder, about, {})

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read a run.

        Raises:
            BenchError: there is none, or it cannot be read.
        """
        try:
            about = _structure(json.loads((folder / _ABOUT).read_text("utf-8")), About)
            records: dict[str, Record] = {}
            path = folder / _RECORDS
            for line in path.read_text("utf-8").splitlines() if path.exists() else ():
                if line.endswith("}"):  # the last one may have been cut off
                    record = _structure(json.loads(line), Record)
                    records[record.task] = record
        except (OSError, ValueError, cattrs.BaseValidationError) as error:
            raise BenchError(f"{folder} holds no run that can be read: {error}.") from error
        return cls(folder, about, records)

    def add(self, record: Record) -> None:
        """Keep a record."""
        self.records[record.task] = record
        path = self.folder / _RECORDS
        text = path.read_text("utf-8") if path.exists() else ""
        start = "" if not text or text.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{start}{json.dumps(asdict(record))}\n")

    @property
    def scored(self) -> list[Record]:
        """The records that count, in the order of their tasks' names."""
        return [self.records[name] for name in sorted(self.records) if not self.records[name].apart]

    @property
    def apart(self) -> list[Record]:
        return [self.records[name] for name in sorted(self.records) if self.records[name].apart]


def _structure(values: Any, kind: Any) -> Any:
    return cattrs.Converter(forbid_extra_keys=True).structure(values, kind)
