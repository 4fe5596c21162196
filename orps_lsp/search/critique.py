"""The critic: a short review in the light of what ran, and the process reward of it.

The reward is the expectation over the tokens of the scores at one forced position, so that no
answer can be malformed (arXiv 2412.15118, section 3.3, samples a number instead).
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass

from orps_lsp.llm.protocol import Engine, Sampling, Usage
from orps_lsp.search import scoring
from orps_lsp.search.prompts import SCORES, Prompts
from orps_lsp.search.types import Candidate

_TOKENS = 80
_TEMPERATURE = 0.3
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_QUOTED = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"[^\W\d]\w+")


@dataclass(frozen=True, slots=True)
class Critique:
    """What the critic wrote, and its process reward in [0, 1]."""

    text: str
    process: float
    usage: Usage


async def criticise(engine: Engine, prompts: Prompts, candidate: Candidate, seed: int) -> Critique:
    """Review one candidate.

    Raises:
        EngineError: as the engine raises it.
    """
    sampling = Sampling(
        seed=seed, temperature=_TEMPERATURE, max_tokens=_TOKENS, stop=("\n\n", "```")
    )
    prompt = prompts.critic(candidate)
    completion = await engine.complete(prompt, sampling)
    written = _whole_sentences(f"{prompt.prefill} {completion.text}")
    text = supported(written, prompt.prefill, prompts.evidence(candidate))
    choice = await engine.choose(prompts.score(candidate, text), SCORES)
    process = scoring.process_reward(choice.probabilities)
    return Critique(text, process, completion.usage + choice.usage)


def _whole_sentences(text: str) -> str:
    """Cut an answer that ran out of tokens back to its last full sentence."""
    text = " ".join(text.split())
    end = max(text.rfind("."), text.rfind("!"), text.rfind("?"))
    return text[: end + 1] if end > 0 else f"{text} ..."


def supported(text: str, beginning: str, evidence: str) -> str:
    """Return the sentences of a critique that quote (in backticks) no name that is not there.

    The ``beginning`` is what ran, and stays even if the reason that the critic gives for it goes.
    What everybody can see without its name (a dict, O(n)) may be named.
    """
    known = {*_NAME.findall(evidence), *dir(builtins)}
    sentences = _SENTENCE_END.split(text)
    kept = [each for each in sentences if _names(each) <= known]
    if kept[:1] != sentences[:1]:
        kept.insert(0, f"{beginning.partition(' because ')[0]}.")
    return " ".join(kept)


def _names(sentence: str) -> set[str]:
    """The names in what a sentence quotes, but for bounds as O(n log n)."""
    quoted = (each for each in _QUOTED.findall(sentence) if not each.startswith("O("))
    return {name for each in quoted for name in _NAME.findall(each)}
