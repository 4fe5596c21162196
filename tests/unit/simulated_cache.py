"""A key-value cache that computes nothing, but knows what every sequence would see of it.

The "logits" of a step are the history that its sequence sees. So a token that is drawn from them
is right only if every cell of the history was there, once, and nothing else was.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orps_lsp.llm.llama_cpp.context import Decoded, Step
from orps_lsp.llm.protocol import Sampling

VOCABULARY = 6
END_OF_TURN = 0


def draw(seed: int, history: Sequence[int]) -> int:
    """A token that depends on all of the history, and often repeats what stood there before."""
    noise = zlib.crc32(repr((seed, tuple(history))).encode())
    if noise % 3 and len(history) > 3:
        return history[-3] or 1
    return noise // 3 % VOCABULARY


def weigh(history: Sequence[int], token: int) -> float:
    """The logit of ``token`` after ``history``."""
    return zlib.crc32(repr((token, tuple(history))).encode()) % 1000 / 100


class Row:
    """The logits of one step."""

    def __init__(self, history: list[int]) -> None:
        self.history = history

    def copy(self) -> Row:
        return Row(self.history)

    def __getitem__(self, token: int) -> float:
        return weigh(self.history, token)


@dataclass
class Cell:
    position: int
    token: int
    sequences: set[int]


@dataclass
class SimulatedCache:
    """Implements the Context that the batcher asks for."""

    size: int
    cells: list[Cell] = field(default_factory=list)
    interrupted: bool = False
    interrupt_next: bool = False
    decoded: int = 0
    _rows: list[Row] = field(default_factory=list)

    def decode(self, steps: Sequence[Step]) -> Decoded:
        if self.interrupt_next or self.interrupted:
            self.interrupt_next = False
            return Decoded.INTERRUPTED
        if len(self.cells) + len(steps) > self.size:
            return Decoded.NO_ROOM
        self._rows = []
        for step in steps:
            seen = self.seen(step.sequence)
            assert len(seen) == step.position, "a position was left out or is there twice"
            self.cells.append(Cell(step.position, step.token, {step.sequence}))
            if step.logits:
                self._rows.append(Row([*seen, step.token]))
        self.decoded += len(steps)
        return Decoded.DONE

    def rows(self, count: int) -> Any:
        assert count == len(self._rows)
        return self._rows

    def interrupt(self) -> None:
        self.interrupted = True

    def clear_interrupt(self) -> None:
        self.interrupted = False

    def share(self, source: int, target: int, start: int, end: int) -> None:
        for cell in self.cells:
            if source in cell.sequences and start <= cell.position < end:
                cell.sequences.add(target)

    def forget(self, sequence: int, start: int, end: int) -> None:
        for cell in self.cells:
            if start <= cell.position and (end < 0 or cell.position < end):
                cell.sequences.discard(sequence)
        self.cells = [cell for cell in self.cells if cell.sequences]

    def seen(self, sequence: int) -> list[int]:
        """The tokens that a sequence sees, in order; each position at most once."""
        own = sorted(
            ((c.position, c.token) for c in self.cells if sequence in c.sequences),
        )
        assert [position for position, _ in own] == list(range(len(own)))
        return [token for _, token in own]


class SimulatedVocabulary:
    def piece(self, token: int) -> bytes:
        return b"abcdef"[token : token + 1]

    def ends_turn(self, token: int) -> bool:
        return token == END_OF_TURN


class SimulatedSampler:
    def __init__(self, sampling: Sampling) -> None:
        self._seed = sampling.seed
        self.closed = False

    def sample(self, row: Row) -> int:
        assert not self.closed
        return draw(self._seed, row.history)

    def close(self) -> None:
        self.closed = True
