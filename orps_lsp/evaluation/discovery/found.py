"""What the recording run found out about the original's tests, in memory and as bytes to keep."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.evaluation.discovery.suite import Observed
from orps_lsp.evaluation.protocol import TestOutcome, TestResult

_TUPLES = ("path", "libraries", "notes", "arguments")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The tests that touch the function, and how its module is loaded for them.

    ``calls`` are the recorded calls as pickles, by number: data for the sandbox alone, which
    unpickles them. ``module`` is empty where the function's module was never loaded, ``path`` is
    ``sys.path`` during the tests, ``libraries`` what they loaded from outside of the workspace;
    ``processes`` says whether they start processes, ``collected`` how many tests were collected;
    ``arguments`` says in words what they call it with.
    """

    runner: str
    collected: int
    touching: Mapping[str, Observed]
    calls: Mapping[int, bytes]
    unpicklable: int
    module: str
    path: tuple[str, ...]
    libraries: tuple[str, ...]
    processes: bool
    notes: tuple[str, ...]
    arguments: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return a form that can be kept."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["touching"] = [asdict(test) for test in self.touching.values()]
        fields["calls"] = {
            number: base64.b64encode(data).decode() for number, data in self.calls.items()
        }
        return zlib.compress(json.dumps(fields).encode(), level=1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Discovery:
        """Return what ``to_bytes`` made into ``data``."""
        fields: dict[str, Any] = json.loads(zlib.decompress(data))
        tests = [_observed(test) for test in fields["touching"]]
        return cls(
            **{
                **fields,
                "touching": {test.result.id: test for test in tests},
                "calls": {
                    int(number): base64.b64decode(text) for number, text in fields["calls"].items()
                },
                **{name: tuple(fields[name]) for name in _TUPLES},
            }
        )


def _observed(fields: Mapping[str, Any]) -> Observed:
    result = {**fields["result"], "outcome": TestOutcome(fields["result"]["outcome"])}
    return Observed(**{**fields, "result": TestResult(**result), "calls": tuple(fields["calls"])})
