"""Reflexion (arXiv 2303.11366): one attempt after another, each after a reflection on the last.

Unlike in ``chain``, the model always says in words why an attempt ran as it did before it tries
again, whatever its size.
"""

from __future__ import annotations

from itertools import cycle

from orps_lsp.search.core import Expansion, Search
from orps_lsp.search.types import Candidate, StopReason


async def run(search: Search) -> StopReason:
    """Try and reflect until a budget ends it, or a fix is found."""
    path: tuple[Candidate, ...] = ()
    ways = cycle(search.strategies)
    while not search.is_fixed:
        search.round += 1
        search.report(f"attempt {search.round}")
        new = await search.expand([Expansion(next(ways), path)])
        if new and not search.is_fixed:
            (latest,) = await search.criticise(new)
            path = search.path(latest)
    return StopReason.SUCCESS
