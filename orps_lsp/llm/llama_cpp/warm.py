"""What an engine keeps on disk for the next one: computed prefixes, and the cost of batches.

The system message is the same for every search. Its state in the key-value cache is kept per model
and build of llama.cpp, and read instead of computed. Nothing of the user's code is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp as lib

from orps_lsp.llm.llama_cpp.context import Context, Decoded, Step
from orps_lsp.llm.llama_cpp.speculation import SIZES, Costs
from orps_lsp.llm.llama_cpp.tree import PrefixTree

_KEPT = 4  # prefixes per model; other versions and thinking models have other ones
_REPEATS = 2
_DIGEST = hashlib.sha256().digest_size
_MEASURING_SECONDS = 3.0


def key(model: Path, *choices: object) -> str:
    """Names the folder: what a state depends on, the bytes of model and library included."""
    files = [model, *sorted(Path(lib.__file__).parent.joinpath("lib").glob("*"))]
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr((facts, choices)).encode()).hexdigest()[:16]


class WarmStart:
    """Owns a folder of the user's cache. Whatever is wrong with it costs time and nothing else."""

    def __init__(self, folder: Path, context: Context, tree: PrefixTree) -> None:
        self._folder = folder
        self._context = context
        self._tree = tree
        self._known: set[Path] = set()

    def restore(self, tokens: Sequence[int]) -> None:
        """Put ``tokens``, a prefix, into the tree if its state is on disk."""
        path = self._path(tokens)
        if self._tree.match(tokens)[0] == len(tokens) or not path.is_file():
            return
        state = _read(path)
        if state is None:
            path.unlink(missing_ok=True)
        elif opened := self._tree.open([]):
            sequence, _ = opened
            if self._context.restore(sequence, state):
                self._tree.extend(sequence, tokens)
                self._known.add(path)
            self._tree.close(sequence)

    def keep(self, tokens: Sequence[int]) -> None:
        """Write the state of ``tokens``, a prefix, unless that has been done."""
        path = self._path(tokens)
        if path in self._known or self._tree.match(tokens)[0] < len(tokens):
            return
        self._known.add(path)
        if path.exists():
            return
        opened = self._tree.open(tokens)
        if not opened:
            return
        sequence, held = opened
        state = self._context.state(sequence) if held == len(tokens) else b""
        self._tree.close(sequence)
        if not state:
            return  # the prefix itself was evicted, so that there be an id to look at it with
        self._write(path, hashlib.sha256(state).digest() + state)
        states = sorted(self._folder.glob("*.state"), key=lambda path: path.stat().st_mtime)
        for old in states[:-_KEPT]:
            old.unlink(missing_ok=True)

    def costs(self) -> Costs:
        """Seconds of a decode by its size, measured the first time and the same from then on."""
        path = self._folder / "costs.json"
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return Costs({int(k): float(v) for k, v in json.loads(path.read_text()).items()})
        seconds = measure_costs(self._context)
        self._write(path, json.dumps(seconds).encode())
        return Costs(seconds)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file as a whole or not at all; two engines may do it at the same time."""
        draft = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(path)

    def _path(self, tokens: Sequence[int]) -> Path:
        name = hashlib.sha256(repr(list(tokens)).encode()).hexdigest()[:16]
        return self._folder / f"{name}.state"


def _read(path: Path) -> bytes | None:
    """A state, if it is whole: llama.cpp aborts over one that is not."""
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    digest, state = content[:_DIGEST], content[_DIGEST:]
    return state if hashlib.sha256(state).digest() == digest else None


def measure_costs(
    context: Context, clock: Callable[[], float] = time.perf_counter
) -> dict[int, float]:
    """Decode batches of all ``SIZES`` (fewer where that takes long) in an empty context."""
    seconds: dict[int, float] = {}
    began = clock()
    for size in SIZES:
        for _ in range(_REPEATS):
            start = clock()
            if context.decode([Step(0, at, 0, True) for at in range(size)]) is not Decoded.DONE:
                return seconds
            seconds[size] = min(clock() - start, seconds.get(size, float("inf")))
            context.forget(0, 0, -1)
        if clock() - began > _MEASURING_SECONDS:
            break
    return seconds
