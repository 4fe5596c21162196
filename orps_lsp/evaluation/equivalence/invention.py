"""Inputs that no test names, made in the sandbox from recorded ones."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from orps_lsp.evaluation.client import Worker
from orps_lsp.evaluation.equivalence import borrowed
from orps_lsp.evaluation.hosts import Job, host
from orps_lsp.evaluation.limits import Effort

MAX_EDGES = 200
MAX_LARGE = 40
MAX_MUTATED = 300
MAX_GENERATED = 300
SECONDS = 1.0  # for each kind
GRACE_SECONDS = 5.0


async def invent(
    worker: Worker, job: Job, recorded: int, effort: Effort
) -> tuple[list[bytes], list[bytes]]:
    """Return pickled calls, and further ones with numbers so large that a call may not end.

    ``recorded`` counts the inputs that the worker has; without any, annotations alone are used.

    Raises:
        HostFailed: the original cannot be loaded by itself.
    """
    (edges, mutated, large), generated = await asyncio.gather(
        _varied(worker, job, recorded, effort), _generated(worker, job, recorded, effort)
    )
    given = dict.fromkeys(edges)
    for number in range(max(len(mutated), len(generated))):  # both have a share if time is short
        given.update(dict.fromkeys(mutated[number : number + 1] + generated[number : number + 1]))
    return list(given), [data for data in large if data not in given]


async def _varied(
    worker: Worker, job: Job, recorded: int, effort: Effort
) -> tuple[list[bytes], ...]:
    if not recorded:
        return [], [], []
    seconds = SECONDS * effort.inputs
    async with host(worker, job) as child:
        found = []
        for most, request in (
            (MAX_EDGES, {"do": "edges", "large": False}),
            (MAX_MUTATED, {"do": "mutate", "seed": effort.seed}),
            (MAX_LARGE, {"do": "edges", "large": True}),
        ):
            child.request(
                seconds + GRACE_SECONDS,
                indices=list(range(recorded)),
                count=most * effort.inputs,
                seconds=seconds,
                **request,
            )
            found.append(_decoded(await child.answer()))
    return tuple(found)


async def _generated(worker: Worker, job: Job, recorded: int, effort: Effort) -> list[bytes]:
    seconds = SECONDS * effort.inputs
    async with host(worker, job) as child:
        child.request(
            seconds + GRACE_SECONDS,
            do="generate",
            indices=list(range(recorded)),
            count=MAX_GENERATED * effort.inputs,
            seed=effort.seed,
            seconds=seconds,
            library=str(borrowed.folder(borrowed.HYPOTHESIS) or ""),
        )
        return _decoded(await child.answer())


def _decoded(answer: Any) -> list[bytes]:
    return [base64.b64decode(item) for item in answer.get("inputs", ())]
