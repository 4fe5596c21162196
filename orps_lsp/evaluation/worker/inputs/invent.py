"""Inputs that no test names: edges, mutations and what Hypothesis makes, as pickled calls."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Dict, Tuple

from . import edges, generate, mutate

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]

ATTEMPTS = 20  # per input wanted
MAX_BYTES = 8 * 1024 * 1024

_clock = time.perf_counter


def edge_cases(recorded: Sequence[bytes], large: bool, count: int, seconds: float) -> list[bytes]:
    """Return recorded calls with empty, extreme and degenerate values, or ``large`` numbers."""
    made = edges.large_calls(recorded) if large else edges.calls(recorded)
    return _distinct(made, recorded, count, seconds)


def mutations(recorded: Sequence[bytes], count: int, seed: int, seconds: float) -> list[bytes]:
    """Return recorded calls, a little changed."""

    def endless() -> Iterator[Call]:
        attempt = seed
        while recorded:
            try:
                yield from mutate.mutations(recorded, attempt)
            except Exception:  # the user's classes may refuse a change
                attempt += 1

    return _distinct(endless(), recorded, count, seconds)


def examples(
    function: Callable[..., Any],
    recorded: Sequence[bytes],
    count: int,
    seed: int,
    seconds: float,
    library: str,
) -> list[bytes]:
    """Return what Hypothesis makes of the types of recorded calls and of annotations.

    ``library`` is a folder to import it from, where the project has none.
    """
    made = generate.calls(function, recorded, count, seed, seconds, library)
    return _distinct(iter(made), recorded, count, seconds)


def _distinct(
    made: Iterator[Call], recorded: Sequence[bytes], count: int, seconds: float
) -> list[bytes]:
    """Pickle calls that are unlike each other and the recorded ones."""
    end = _clock() + seconds
    known = set(recorded)
    found: list[bytes] = []
    size = 0
    for _ in range(count * ATTEMPTS):
        if len(found) >= count or size > MAX_BYTES or _clock() > end:
            break
        try:
            data = pickle.dumps(next(made), protocol=4)
        except StopIteration:
            break
        except Exception:  # cannot be pickled
            continue
        if data not in known:
            known.add(data)
            found.append(data)
            size += len(data)
    return found
