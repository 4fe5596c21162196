"""A model whose answers are written down: for tests, demonstrations and bug reports.

A script is a JSON object; every key is optional::

    {"answers": ["...", ...],   # completions of prompts whose answer begins with a code fence
     "critiques": ["...", ...], # completions of all other prompts
     "score": [0, 0, 0, 1, 0],  # probabilities that ``choose`` reports
     "alone": true,             # versions that rules make are not tried as well
     "delay": 0.0,              # seconds that each completion takes; a list: each answer in turn
     "fail": "message"}         # starting the engine fails with this message

Answers are used in turn and start again at the end, by the number of the request and not by time,
so that a search over a script is deterministic.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineInfo,
    FinishReason,
    ModelLoadError,
    Prompt,
    Sampling,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Script:
    """What a :class:`ScriptedEngine` says."""

    answers: tuple[str, ...] = ()
    critiques: tuple[str, ...] = ("does what it should.",)
    score: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0, 0.0)
    alone: bool = True
    delay: float | tuple[float, ...] = 0.0
    fail: str = ""

    @classmethod
    def load(cls, path: Path) -> Script:
        """Read a script.

        Raises:
            ModelLoadError: the file is missing or no such object.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(data, dict):
                raise ValueError("it is no JSON object")
            known = {field.name for field in fields(cls)}
            if unknown := set(data) - known:
                raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
            values: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in data.items()
            }
            return cls(**values)
        except (OSError, ValueError, TypeError) as error:
            raise ModelLoadError(
                f"The script {path} cannot be read: {error}.", "See `orps_lsp/llm/scripted.py`."
            ) from error


class ScriptedEngine:
    """An engine that needs no model. Tokens are counted as words."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._asked = {"answers": 0, "critiques": 0}
        self._running = asyncio.Event()
        self._running.set()

    async def start(self) -> EngineInfo:
        if self._script.fail:
            raise ModelLoadError(self._script.fail)
        return EngineInfo("scripted", context=16384, alone=self._script.alone)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        kind = "answers" if prompt.prefill.startswith("```") else "critiques"
        texts: tuple[str, ...] = getattr(self._script, kind)
        number = self._asked[kind]
        text = texts[number % len(texts)] if texts else ""
        self._asked[kind] += 1
        await self.start()
        await asyncio.sleep(self._delay(kind, number))
        await self._running.wait()
        for stop in sampling.stop:
            text = text.partition(stop)[0]
        return Completion(text, FinishReason.STOP, self._usage(prompt, len(text.split())))

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        weights = [*self._script.score, *([0.0] * len(options))][: len(options)]
        total = sum(weights) or 1.0
        return Choice(tuple(weight / total for weight in weights), self._usage(prompt, 0))

    async def count_tokens(self, prompt: Prompt) -> int:
        return self._usage(prompt, 0).prompt

    @contextlib.asynccontextmanager
    async def yielding(self) -> AsyncIterator[None]:
        self._running.clear()
        try:
            yield
        finally:
            self._running.set()

    async def close(self) -> None:
        self._running.set()

    def _delay(self, kind: str, number: int) -> float:
        delay = self._script.delay
        if not isinstance(delay, tuple):
            return delay
        return delay[number % len(delay)] if delay and kind == "answers" else 0.0

    def _usage(self, prompt: Prompt, generated: int) -> Usage:
        words = sum(len(message.content.split()) for message in prompt.messages)
        return Usage(prompt=words + len(prompt.prefill.split()), generated=generated)
