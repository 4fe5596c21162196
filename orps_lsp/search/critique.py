"""The critic: a short review in the light of what ran, and the process reward of it.

The reward is the expectation over the tokens of the scores at one forced position, so that no
answer can be malformed (arXiv 2412.15118, section 3.3, samples a number instead).
"""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.llm.protocol import Engine, Sampling, Usage
from orps_lsp.search import scoring
from orps_lsp.search.prompts import SCORES, Prompts
from orps_lsp.search.types import Candidate

_TOKENS = 80
_TEMPERATURE = 0.3


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
    text = _whole_sentences(f"{prompt.prefill} {completion.text}")
    choice = await engine.choose(prompts.score(candidate, text), SCORES)
    process = scoring.process_reward(choice.probabilities)
    return Critique(text, process, completion.usage + choice.usage)


def _whole_sentences(text: str) -> str:
    """Cut an answer that ran out of tokens back to its last full sentence."""
    text = " ".join(text.split())
    end = max(text.rfind("."), text.rfind("!"), text.rfind("?"))
    return text[: end + 1] if end > 0 else f"{text} ..."
