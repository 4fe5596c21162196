"""Let CrossHair look for an input on which a candidate differs; what it finds is then tried."""

from __future__ import annotations

import base64
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from orps_lsp.evaluation.equivalence import borrowed, oracle, replay
from orps_lsp.evaluation.equivalence.oracle import Oracle
from orps_lsp.evaluation.hosts import HostFailed, Job, host
from orps_lsp.evaluation.session import Session

START_SECONDS = 5.0  # to import it
OVERTIME = 3.0  # how much longer than its limit it may take: it looks at the clock between paths


@dataclass(frozen=True, slots=True)
class Proof:
    """What CrossHair found: a sentence, or a ``difference`` that was seen in real calls."""

    sentence: str = ""
    difference: str = ""


async def prove(session: Session, original: Job, candidate: Job, known: Oracle) -> Proof:
    """Compare two versions symbolically; nothing where CrossHair is missing, or does not fit."""
    seconds = session.limits.prove_seconds
    library = _library(session)
    if not seconds or library is None or not known.outcomes:
        return Proof()
    async with host(await session.worker(), original) as child:
        child.request(
            START_SECONDS + OVERTIME * seconds,
            do="prove",
            indices=list(known.recorded),
            text=candidate["text"],
            seconds=seconds,
            library=library,
        )
        answer = await child.answer()
    if not answer.get("ran"):
        return Proof()
    inputs = [base64.b64decode(data) for data in answer["inputs"]]
    if inputs and (difference := await _confirmed(session, original, candidate, known, inputs)):
        return Proof(difference=difference)
    if answer["exhausted"]:
        return Proof("CrossHair found no difference on any path that it models.")
    return Proof(f"CrossHair found no difference in {seconds:g} s (not all paths).")


async def _confirmed(
    session: Session, original: Job, candidate: Job, known: Oracle, inputs: list[bytes]
) -> str:
    """Call both versions; return how they differ, if they do."""
    try:
        more = await oracle.extend(session, original, known, inputs)
        added = {n: outcome for n, outcome in more.outcomes.items() if n not in known.outcomes}
        only = replace(more, outcomes=added)
        evidence = await replay.check(await session.worker(), candidate, only)
    except HostFailed:
        return ""
    return evidence.first_disagreement


def _library(session: Session) -> str | None:
    """Return the folder to import CrossHair from, empty for the project's own; None if missing.

    Ours fits only the version of Python that it was compiled for.
    """
    interpreter = session.interpreter
    if any((Path(entry) / "crosshair").is_dir() for entry in interpreter.sys_path):
        return ""
    ours = borrowed.folder(borrowed.CROSSHAIR)
    return str(ours) if ours and interpreter.version[:2] == sys.version_info[:2] else None
