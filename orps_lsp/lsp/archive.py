"""Outcomes that outlive the server: what an editor shows again after a restart.

One entry of the store for each function, by file and name; the newest outcome replaces the last.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cattrs

from orps_lsp import __version__
from orps_lsp.search.types import Outcome
from orps_lsp.store import Store

logger = logging.getLogger(__name__)

# Another version may have other fields: its outcomes are not read.
_KIND = f"outcome {__version__}"


@dataclass(frozen=True, slots=True)
class Archived:
    """An outcome, and the function it is for. ``ended_at`` is in seconds since the epoch."""

    qualname: str
    digest: str
    ended_at: float
    outcome: Outcome


class Archive:
    """Reads and writes the store; blocks for some milliseconds, so call it in a thread."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or Store()
        self._converter = cattrs.Converter()

    def put(self, file: Path, archived: Archived) -> None:
        """Keep an outcome in place of an earlier one of the same function."""
        data = json.dumps(self._converter.unstructure(archived))
        self._store.put(_KIND, _key(file, archived.qualname), data.encode())

    def of(self, file: Path) -> list[Archived]:
        """Return what is kept for the functions of a file. What cannot be read is left out."""
        found = self._store.find(_KIND, _key(file, ""))
        return [archived for data in found.values() if (archived := self._read(data))]

    def _read(self, data: bytes) -> Archived | None:
        try:
            values: Any = json.loads(data)
            return self._converter.structure(values, Archived)
        except Exception as error:  # cattrs' are many; a cache's fault is a miss
            logger.warning("An outcome of an earlier session cannot be read: %s", error)
            return None


def to_remember(outcome: Outcome) -> Outcome:
    """Return what an editor can ask for later: no whole files, and no conversations.

    An edit is spliced anew from a version's own code, as the file may have changed.
    """

    def slim(candidate: Any) -> Any:
        return replace(candidate, module="", conversation=())

    return replace(
        outcome,
        refinements=tuple(
            replace(refinement, candidate=slim(refinement.candidate))
            for refinement in outcome.refinements
        ),
        candidates=tuple(map(slim, outcome.candidates)),
    )


def _key(file: Path, qualname: str) -> str:
    return f"{file}\n{qualname}"
