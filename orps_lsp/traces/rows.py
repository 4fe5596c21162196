"""What rows of both formats have in common. Every row of a format has the same keys and types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from orps_lsp.llm.protocol import Message
from orps_lsp.traces.types import Trace

Json = dict[str, Any]


def meta(trace: Trace) -> Json:
    """Return what the search was: where it ran on this machine is nobody's business."""
    return {
        "search": trace.id,
        "ended_at": datetime.fromtimestamp(trace.ended_at, timezone.utc).isoformat(),
        "function": trace.function,
        "original": trace.original,
        "intent": trace.intent.value,
        "model": trace.model,
        "method": trace.method,
        "seed": trace.seed,
        "temperature": trace.temperature,
        "alpha": trace.alpha,
        "stop_reason": trace.stop_reason.value,
    }


def messages(conversation: Sequence[Message]) -> list[Json]:
    """Return a conversation as chat templates take it."""
    return [{"role": message.role, "content": message.content} for message in conversation]


def number(value: float | None) -> float | None:
    """Return a number that JSON can write; what has no end is unknown to a reader."""
    return value if value is not None and math.isfinite(value) else None
