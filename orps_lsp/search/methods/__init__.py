"""Search methods behind one signature, so that they can be compared at equal budgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from orps_lsp.search.core import Search
from orps_lsp.search.methods import (
    best_of_n,
    chain,
    depth_first,
    greedy,
    mcts,
    orps,
    reflexion,
    repair,
)
from orps_lsp.search.types import StopReason

Method = Callable[[Search], Awaitable[StopReason]]

METHODS: dict[str, Method] = {
    "orps": orps.run,
    "chain": chain.run,
    "best_of_n": best_of_n.run,
    "reflexion": reflexion.run,
    "repair": repair.run,
    "mcts": mcts.run,
    "depth_first": depth_first.run,
    "greedy": greedy.run,
}


@contextmanager
def registered(name: str, method: Method) -> Iterator[None]:
    """Have a further method for a while: benchmarks look into searches with their own."""
    METHODS[name] = method
    try:
        yield
    finally:
        del METHODS[name]
