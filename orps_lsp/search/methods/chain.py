"""One chain of thought: each attempt sees what became of the last ones. No branching."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, StopReason

Reflect = Callable[[Sequence[Candidate]], Awaitable[list[Candidate]]]


async def run(search: Search) -> StopReason:
    """Extend the chain until a budget ends it, or a fix is found."""
    return await extended(search, search.review)


async def extended(search: Search, reflect: Reflect) -> StopReason:
    """Extend the chain; the model looks back at each attempt by ``reflect`` before the next."""
    path: tuple[Candidate, ...] = ()
    ways = cycle(search.strategies)
    while not search.is_fixed:
        search.round += 1
        search.report(f"attempt {search.round}")
        new = await search.expand([Expansion(next(ways), path)])
        if new and not search.is_fixed:
            (latest,) = await reflect(new)
            path = search.path(latest)
    return StopReason.SUCCESS
