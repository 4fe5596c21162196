"""The job ``host``: import one version of the target's module and call its function on request.

Job: {"kind": "host", "workspace", "file", "text", "qualname", "module", "path": [...], "limits",
      "filter"}
First event: {"done": true, "ready": true} or {"done": true, "ready": false, "message": TEXT}
Requests; the last event of each bears "done":
    {"do": "outcomes", "indices": [...], "limit": SECONDS a call, "budget": SECONDS for all,
     "closely": [INDEX, ...], "floats": BOOLEAN (beside the digests)}
        {"outcome": INDEX, "kind", "digest", "call": PREVIEW, "value": PREVIEW, ...} for each
        {"keeps": {NAME: [BEFORE, AFTER]}}         containers that grew after the first call
    {"do": "edges", "indices": [...], "large", "count", "seconds"}    {"inputs": [BASE64, ...]}
    {"do": "mutate", "indices": [...], "count", "seed", "seconds"}    {"inputs": [BASE64, ...]}
    {"do": "generate", "indices": [...], "count", "seed", "seconds", "library": PATH or ""}    same
    {"do": "prove", "indices": [...], "text": OF ANOTHER VERSION, "seconds", "library": PATH or ""}
        {"ran": BOOLEAN, "exhausted": BOOLEAN, "inputs": [BASE64, ...]}
    {"do": "profile", "indices": [...]}                               {"ns": [time a call]}
    {"do": "time", "indices": [...], "repeats", "warm_up"}     {"cpu_ns", "wall_ns", "waits"} of all
    {"do": "grow", "indices": [...], "factor", "integers"}     {"grown": [{"input": BASE64, "ns"}]}
    {"do": "memory", "indices": [...]}                                {"peak": BYTES}
    {"do": "lines", "indices": [...], "seconds"}                      {"lines": [[LINE, runs, ns]]}
Indices count the inputs that the zygote was given. Outcomes: see ``calls``.
"""

from __future__ import annotations

import base64
import importlib
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..channel import Channel, Message
from ..inputs import invent
from ..loading import probe, substitute
from . import call as calls
from . import clock, keeping, prove

_clock = time.perf_counter


def serve(job: Message, inputs: Sequence[bytes], channel: Channel) -> None:
    """Load the module, then answer requests until the zygote hangs up."""
    os.chdir(job["workspace"])
    sys.path[:] = job["path"]
    loader = Loader(job)
    _reseed()
    try:
        function = loader.load()
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:600]
        channel.send({"done": True, "ready": False, "message": message})
        return
    if function is None:
        message = "importing its module does not define the function"
        channel.send({"done": True, "ready": False, "message": message})
        return
    channel.send({"done": True, "ready": True})
    host = Host(function, inputs, loader)
    for request in channel.requests():
        answer = getattr(host, "do_" + request.pop("do"))
        for event in answer(**request):
            channel.send(event)
        channel.send({"done": True})


class Loader:
    """Loads versions of the target's module."""

    def __init__(self, job: Message) -> None:
        self._module = job["module"]
        self._transform = lambda tree: probe.add_capture(tree, job["qualname"])
        self._capture = probe.Capture()
        self._capture.install()
        self._substitution = substitute.Substitution(job["file"], job["text"], self._transform)
        self._substitution.install()

    def load(self) -> Callable[..., Any] | None:
        """Import it; return the function, None if that does not define it."""
        importlib.import_module(self._module)
        return self._capture.function

    def load_other(self, text: str) -> Callable[..., Any] | None:
        """Import another text in the place of the first."""
        self._substitution.replace(text, self._transform)
        self._capture.functions.clear()
        sys.modules.pop(self._module, None)
        return self.load()


def _reseed() -> None:
    """Forks share their generators' state, which would make random results look repeatable."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


class Host:
    """Calls one version of the function; every ``do_`` method answers one kind of request."""

    def __init__(
        self, function: Callable[..., Any], inputs: Sequence[bytes], loader: Loader
    ) -> None:
        self._loader = loader
        self._function = function
        self._inputs = inputs
        self._clock = clock.Clock(function, inputs)

    def do_outcomes(
        self, indices: list[int], limit: float, budget: float, closely: list[int], floats: bool
    ) -> Iterator[Message]:
        caller = calls.Caller(self._function, floats)
        kept = None
        end = _clock() + budget
        for index in indices:
            if _clock() > end:
                break
            outcome = caller.outcome(self._inputs[index], limit, index in closely)
            outcome["outcome"] = index
            yield outcome
            if kept is None:  # what the first call builds may be meant to last
                kept = keeping.sizes(self._function)
        yield {"keeps": keeping.growth(kept or {}, keeping.sizes(self._function))}

    def do_edges(self, indices: list[int], **request: Any) -> Iterator[Message]:
        yield _encoded(invent.edge_cases(self._recorded(indices), **request))

    def do_mutate(self, indices: list[int], **request: Any) -> Iterator[Message]:
        yield _encoded(invent.mutations(self._recorded(indices), **request))

    def do_generate(self, indices: list[int], **request: Any) -> Iterator[Message]:
        yield _encoded(invent.examples(self._function, self._recorded(indices), **request))

    def do_prove(self, indices: list[int], text: str, **request: Any) -> Iterator[Message]:
        candidate = self._loader.load_other(text)
        if candidate is None:
            yield {"ran": False}
            return
        recorded = self._recorded(indices)
        found = prove.examine(self._function, candidate, recorded, **request)
        yield {**found, **_encoded(found.get("inputs", ()))}

    def _recorded(self, indices: list[int]) -> list[bytes]:
        return [self._inputs[index] for index in indices]

    def do_profile(self, **request: Any) -> Iterator[Message]:
        return self._clock.profile(**request)

    def do_time(self, **request: Any) -> Iterator[Message]:
        return self._clock.time(**request)

    def do_grow(self, **request: Any) -> Iterator[Message]:
        return self._clock.grow(**request)

    def do_memory(self, **request: Any) -> Iterator[Message]:
        return self._clock.memory(**request)

    def do_lines(self, **request: Any) -> Iterator[Message]:
        return self._clock.lines(**request)


def _encoded(inputs: Sequence[bytes]) -> Message:
    return {"inputs": [base64.b64encode(data).decode() for data in inputs]}
