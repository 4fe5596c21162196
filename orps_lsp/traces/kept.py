"""Finished searches in a file of their own beside the store: a bounded number, the newest stay.

A file of its own, so that neither pushes the other out, and a user can see how much is kept.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
import zlib
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cattrs

from orps_lsp.config import Settings
from orps_lsp.search.prompts import describe
from orps_lsp.search.scoring import default_alpha
from orps_lsp.search.types import Candidate, Outcome
from orps_lsp.store import Store, default_path
from orps_lsp.traces.types import Step, Trace

logger = logging.getLogger(__name__)

LIMIT_BYTES = 64 * 1024 * 1024  # some thousand searches: a compressed one has about 20 KB
_KIND = "trace"


class Kept:
    """All kept searches. Blocks for some milliseconds, so call it in a thread."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or Store(default_path().with_name("traces.sqlite3"), LIMIT_BYTES)
        self._converter = cattrs.Converter()

    @property
    def path(self) -> Path:
        return self._store.path

    def put(self, trace: Trace) -> None:
        """Keep a search; the oldest make room for it."""
        text = json.dumps(self._converter.unstructure(trace), ensure_ascii=False)
        # A model may write half a surrogate pair, which no JSON reader but Python's takes.
        self._store.put(_KIND, trace.id, zlib.compress(text.encode("utf-8", "replace")))

    def read(self) -> Iterator[Trace]:
        """Return what is kept, the oldest first. What cannot be read is left out with a warning."""
        if not self.path.exists():  # looking must not leave a file
            return
        for _, data in sorted(self._store.find(_KIND, "").items()):
            if trace := self._read(data):
                yield trace

    def remove(self, ids: Collection[str]) -> int | None:
        """Remove these searches; returns how many there were, None if that failed."""
        return self._store.remove(_KIND, ids) if self.path.exists() else 0

    def clear(self) -> int | None:
        """Remove all, those that cannot be read included; returns as ``remove``."""
        return self._store.clear() if self.path.exists() else 0

    def _read(self, data: bytes) -> Trace | None:
        try:
            values: Any = json.loads(zlib.decompress(data))
            return self._converter.structure(values, Trace)
        except Exception as error:  # cattrs' are many; one bad entry must not hide the others
            logger.warning("A kept search cannot be read: %s", error)
            return None


def keep(outcome: Outcome, workspace: Path, settings: Settings, parameters: int) -> None:
    """Keep a search that just ended, by a model of so many ``parameters``."""
    if outcome.candidates:
        Kept().put(trace(outcome, workspace, settings, parameters, time.time()))


def trace(
    outcome: Outcome, workspace: Path, settings: Settings, parameters: int, ended_at: float
) -> Trace:
    """Return what is kept of a search: no whole files, and what ran in words and numbers."""
    moment = datetime.fromtimestamp(ended_at, timezone.utc)
    ranks = {offered.candidate.id: offered.rank for offered in outcome.refinements}
    return Trace(
        id=f"{moment:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}",  # sorts by time
        ended_at=ended_at,
        workspace=str(workspace),
        function=outcome.function,
        original=outcome.original,
        complexity=outcome.baseline_complexity,
        intent=outcome.intent,
        model=outcome.model,
        method=outcome.method,
        seed=settings.seed,
        temperature=settings.temperature,
        alpha=settings.alpha if settings.alpha >= 0 else default_alpha(parameters),
        stop_reason=outcome.stop_reason,
        steps=tuple(_step(found, ranks.get(found.id)) for found in outcome.candidates),
    )


def _step(candidate: Candidate, rank: int | None) -> Step:
    evaluation = candidate.evaluation
    evidence = evaluation.evidence if evaluation else None
    return Step(
        id=candidate.id,
        parent=candidate.parent,
        round=candidate.round,
        strategy=candidate.strategy,
        status=candidate.status,
        conversation=candidate.conversation,
        code=candidate.code,
        reason=candidate.reason,
        observation=describe(evaluation) if evaluation else candidate.reason,
        verdict=evaluation.verdict if evaluation else None,
        passed=evaluation.passed if evaluation else 0,
        tests=len(evaluation.tests) if evaluation else 0,
        replayed=evidence.replayed if evidence else 0,
        generated=evidence.generated if evidence else 0,
        disagreements=evidence.disagreements if evidence else 0,
        speedup=evaluation.speedup if evaluation else None,
        memory_ratio=evaluation.memory_ratio if evaluation else None,
        complexity=candidate.complexity,
        critique=candidate.critique,
        process=candidate.process,
        outcome=candidate.outcome,
        score=candidate.score,
        rank=rank,
        tokens=candidate.tokens,
        seconds=candidate.seconds,
        agreement=candidate.agreement,
    )
