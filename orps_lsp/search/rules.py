"""What rules make of a slow function, tried before the model is asked: it costs no tokens."""

from __future__ import annotations

from orps_lsp.llm.protocol import Message
from orps_lsp.search.core import Search
from orps_lsp.search.prompts import FENCE_END
from orps_lsp.search.strategies import RULE, Strategy
from orps_lsp.search.types import Candidate, Intent, Status
from orps_lsp.source.diagnosis import Finding, diagnose

_MOST = 6


async def try_rules(search: Search) -> None:
    """Try one rule on top of the other, as long as what they make is verified.

    Raises:
        Finished, EvaluationError: as :meth:`Search.expand`.
    """
    if not search.has_rules or search.task.intent is not Intent.OPTIMISE:
        return
    text, path = search.task.function.text, list[Candidate]()
    tried: set[str] = set()
    while len(tried) < _MOST:
        found = (each for each in diagnose(text) if each.rewrite and each.plan not in tried)
        finding = next(found, None)
        if finding is None:
            return
        tried.add(finding.plan)
        search.spending.check()
        candidate = await search.take(_drawn(search, finding, path))
        if candidate.status is Status.VERIFIED:
            text, path = finding.rewrite, [*path, candidate]


def _drawn(search: Search, finding: Finding, path: list[Candidate]) -> Candidate:
    """A candidate as if the model had been told the finding, and had written the rewrite."""
    strategy = Strategy(f"{RULE}{finding.name}", finding.plan)
    prompt = search.prompts.programmer(strategy, path)
    answer = Message("assistant", f"```python\n{finding.rewrite.strip()}{FENCE_END}")
    return Candidate(
        id=search.spending.number(),
        parent=path[-1].id if path else None,
        round=search.round,
        strategy=strategy.name,
        code=finding.rewrite,
        status=Status.SCREENED_OUT,
        conversation=(*prompt.messages, answer),
    )
