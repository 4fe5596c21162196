"""An engine that remembers: what was generated once is not generated again.

The same request gets the same text, in whatever batch it would be computed now. So methods are
compared on the very same draws where they ask for the same, and a run over another way to score or
to rank costs no model time. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    Engine,
    EngineInfo,
    FinishReason,
    Prompt,
    Sampling,
    Usage,
)
from orps_lsp.store import Store

_LIMIT_BYTES = 8 * 1024**3
_KIND = "generation"


class CachedEngine:
    """Implements :class:`~orps_lsp.llm.protocol.Engine` before another, which stays its owner's.

    ``fresh`` and ``reused`` count the requests that the engine behind it answered, and those that
    the file did.
    """

    def __init__(self, engine: Engine, file: Path, model: str) -> None:
        self._engine = engine
        self._store = Store(file, _LIMIT_BYTES)
        self._model = model
        self.fresh = 0
        self.reused = 0

    async def start(self) -> EngineInfo:
        return await self._engine.start()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        key = self._key("complete", prompt, asdict(sampling))
        if (kept := self._get(key)) is not None:
            usage = Usage(**kept.pop("usage"))
            return Completion(**{**kept, "finish": FinishReason(kept["finish"]), "usage": usage})
        completion = await self._engine.complete(prompt, sampling)
        self._put(key, asdict(completion))
        return completion

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        key = self._key("choose", prompt, list(options))
        if (kept := self._get(key)) is not None:
            return Choice(tuple(kept["probabilities"]), Usage(**kept["usage"]))
        choice = await self._engine.choose(prompt, options)
        self._put(key, asdict(choice))
        return choice

    async def count_tokens(self, prompt: Prompt) -> int:
        return await self._engine.count_tokens(prompt)

    def yielding(self) -> AbstractAsyncContextManager[None]:
        return self._engine.yielding()

    async def close(self) -> None:
        await self._engine.close()

    def _key(self, kind: str, prompt: Prompt, how: object) -> str:
        request = json.dumps([self._model, kind, asdict(prompt), how])
        return hashlib.sha256(request.encode()).hexdigest()

    def _get(self, key: str) -> dict[str, Any] | None:
        kept = self._store.get(_KIND, key)
        if kept is None:
            return None
        self.reused += 1
        found: dict[str, Any] = json.loads(kept)
        return found

    def _put(self, key: str, value: dict[str, Any]) -> None:
        self.fresh += 1
        self._store.put(_KIND, key, json.dumps(value).encode())
