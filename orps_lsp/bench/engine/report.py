"""What a run of the benchmark found, and its JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orps_lsp.bench.machine import Machine

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Speeds:
    """Tokens/s of one thing, measured again and again. Empty: not measured."""

    values: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, other: Speeds) -> float:
        """Median of the ratios to what was measured beside each value.

        What disturbs a machine for a while disturbs both, so that ratios of neighbours spread less
        than the ratio of two medians.
        """
        pairs = zip(self.values, other.values, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Row:
    """Decode tokens/s with one number of sequences."""

    ours: Speeds
    limit: Speeds
    batched_bench: Speeds = Speeds()

    def to_json(self) -> Json:
        data = {
            "ours_tps": round(self.ours.median, 2),
            "limit_tps": round(self.limit.median, 2),
            "ratio": round(self.ours.over(self.limit), 3),
        }
        if self.batched_bench.values:
            data["batched_bench_tps"] = round(self.batched_bench.median, 2)
        return data


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded search sent again: seconds of each run, and the tokens of one run of ours."""

    ours: Speeds  # as 1/s, so that more is better as elsewhere
    naive: Speeds
    requests: int
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int

    def to_json(self) -> Json:
        return {
            "ours_s": round(1 / self.ours.median, 2),
            "naive_s": round(1 / self.naive.median, 2),
            "speedup": round(self.ours.over(self.naive), 3),
            "reused_share": round(self.reused_tokens / max(self.prompt_tokens, 1), 3),
            "requests": self.requests,
            "prompt_tokens": self.prompt_tokens,
            "generated_tokens": self.generated_tokens,
        }


@dataclass(frozen=True, slots=True)
class Server:
    """Whole requests, sent at once: new tokens/s, the reading of their new prompt included."""

    ours: Speeds
    server: Speeds

    def to_json(self) -> Json:
        return {
            "server_tps": round(self.server.median, 2),
            "ours_tps": round(self.ours.median, 2),
            "ratio": round(self.ours.over(self.server), 3),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run."""

    model: str
    threads: int
    repeat: int
    tokens: int
    prompt: Speeds
    limit_prompt: Speeds
    sequences: Mapping[int, Row]
    naive: Speeds
    replay: Replay | None
    server: Server | None
    machine: Machine
    date: str
    llama_cpp: str

    def to_json(self) -> Json:
        data: Json = {
            "model": self.model,
            "threads": self.threads,
            "repeat": self.repeat,
            "tokens": self.tokens,
            "prompt_tps": round(self.prompt.median, 2),
            "limit_prompt_tps": round(self.limit_prompt.median, 2),
            "sequences": {str(count): row.to_json() for count, row in self.sequences.items()},
            "naive_tps": round(self.naive.median, 2),
        }
        if self.replay:
            data["replay"] = self.replay.to_json()
        if self.server:
            data["server"] = self.server.to_json()
        return {
            **data,
            "machine": {**asdict(self.machine), "busy": self.machine.busy},
            "date": self.date,
            "llama_cpp": self.llama_cpp,
        }
