"""The job ``host``: import one version of the target's module and call its function on request.

Job: {"kind": "host", "workspace", "file", "text", "qualname", "module", "path": [...], "limits",
      "filter"}
First event: {"done": true, "ready": true} or {"done": true, "ready": false, "message": TEXT}
Requests; the last event of each bears "done":
    {"do": "outcomes", "indices": [...], "limit": SECONDS a call}
        {"outcome": INDEX, "kind", "digest", "call": PREVIEW, "value": PREVIEW} for each
    {"do": "mutate", "indices": [...], "count", "seed", "seconds"}    {"inputs": [BASE64, ...]}
    {"do": "profile", "indices": [...]}                               {"ns": [CPU time a call]}
    {"do": "time", "indices": [...], "repeats"}                       {"ns": CPU time of all}
    {"do": "memory", "indices": [...]}                                {"peak": BYTES}
Indices count the inputs that the zygote was given. Outcomes: see ``calls``.
"""

from __future__ import annotations

import base64
import importlib
import os
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import calls, clock, mutate, probe, substitute
from .channel import Channel, Message

MUTATION_ATTEMPTS = 20  # per input wanted
MAX_MUTATED_BYTES = 8 * 1024 * 1024

_clock = time.perf_counter


def serve(job: Message, inputs: Sequence[bytes], channel: Channel) -> None:
    """Load the module, then answer requests until the zygote hangs up."""
    os.chdir(job["workspace"])
    sys.path[:] = job["path"]
    capture = probe.Capture()
    capture.install()
    substitution = substitute.Substitution(
        job["file"], job["text"], lambda tree: probe.add_capture(tree, job["qualname"])
    )
    substitution.install()
    _reseed()
    try:
        importlib.import_module(job["module"])
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:600]
        channel.send({"done": True, "ready": False, "message": message})
        return
    if capture.function is None:
        message = "importing its module does not define the function"
        channel.send({"done": True, "ready": False, "message": message})
        return
    channel.send({"done": True, "ready": True})
    host = Host(capture.function, inputs)
    for request in channel.requests():
        answer = getattr(host, "do_" + request.pop("do"))
        for event in answer(**request):
            channel.send(event)
        channel.send({"done": True})


def _reseed() -> None:
    """Forks share their generators' state, which would make random results look repeatable."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


class Host:
    """Calls one version of the function; every ``do_`` method answers one kind of request."""

    def __init__(self, function: Callable[..., Any], inputs: Sequence[bytes]) -> None:
        self._inputs = inputs
        self._caller = calls.Caller(function)
        self._clock = clock.Clock(function, inputs)

    def do_outcomes(self, indices: list[int], limit: float) -> Iterator[Message]:
        for index in indices:
            outcome = self._caller.outcome(self._inputs[index], limit)
            outcome["outcome"] = index
            yield outcome

    def do_mutate(
        self, indices: list[int], count: int, seed: int, seconds: float
    ) -> Iterator[Message]:
        end = _clock() + seconds
        recorded = [self._inputs[index] for index in indices]
        known = set(recorded)
        found: list[bytes] = []
        size = 0
        made = mutate.mutations(recorded, seed)
        for attempt in range(count * MUTATION_ATTEMPTS):
            if len(found) >= count or size > MAX_MUTATED_BYTES or _clock() > end:
                break
            try:
                data = pickle.dumps(next(made), protocol=4)
            except Exception:
                # The user's classes may refuse a change, which also ends the generator.
                made = mutate.mutations(recorded, seed + 1 + attempt)
                continue
            if data not in known:
                known.add(data)
                found.append(data)
                size += len(data)
        yield {"inputs": [base64.b64encode(data).decode() for data in found]}

    def do_profile(self, **request: Any) -> Iterator[Message]:
        return self._clock.profile(**request)

    def do_time(self, **request: Any) -> Iterator[Message]:
        return self._clock.time(**request)

    def do_memory(self, **request: Any) -> Iterator[Message]:
        return self._clock.memory(**request)
