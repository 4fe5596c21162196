"""Reflexion (arXiv 2303.11366): one attempt after another, each after a reflection on the last.

Unlike in ``chain``, the model always says in words why an attempt ran as it did before it tries
again, whatever its size.
"""

from __future__ import annotations

from orps_lsp.search.core import Search
from orps_lsp.search.methods import chain
from orps_lsp.search.types import StopReason


async def run(search: Search) -> StopReason:
    """Try and reflect until a budget ends it, or a fix is found."""
    return await chain.extended(search, search.criticise)
