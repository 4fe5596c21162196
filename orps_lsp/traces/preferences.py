"""Preference pairs: two answers to one prompt, of which one was measured to be better.

``prompt``, ``chosen`` and ``rejected`` are what TRL's DPOTrainer reads (its type "preference", with
conversations). What the critic said has no part in it: a pair teaches what ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from orps_lsp.evaluation.protocol import Speedup
from orps_lsp.llm.protocol import Message
from orps_lsp.search.ranking import NOT_SLOWER, SIMPLER
from orps_lsp.search.scoring import simplicity
from orps_lsp.search.types import Intent
from orps_lsp.traces.rows import Json, messages, meta
from orps_lsp.traces.types import Step, Trace

PAIRS_PER_CHOSEN = 3
PAIRS_PER_PROMPT = 24


def rows(trace: Trace) -> Iterator[Json]:
    """Return the pairs of a search."""
    answers: dict[tuple[Message, ...], list[Step]] = defaultdict(list)
    for step in trace.steps:
        if step.judged and not step.by_rule:
            answers[step.prompt].append(step)
    for prompt, steps in answers.items():
        for better, worse in _pairs(trace, steps):
            yield {
                "prompt": messages(prompt),
                "chosen": messages(better.conversation[-1:]),
                "rejected": messages(worse.conversation[-1:]),
                "chosen_score": better.outcome,
                "rejected_score": worse.outcome,
                "meta": {
                    **meta(trace),
                    "better_by": better_by(trace, better, worse),
                    **_said("chosen", better),
                    **_said("rejected", worse),
                },
            }


def better_by(trace: Trace, one: Step, other: Step) -> str:
    """Return by what ``one`` was measured to be better: verdict, speed, simplicity; empty: nothing.

    Only what was verified can be better. Among two that were, a margin beyond the noise decides,
    in what the search was for.
    """
    if not one.verified or one.answer == other.answer:
        return ""
    if not other.verified:
        return "verdict"
    if trace.intent is Intent.OPTIMISE and _faster(one.speedup, other.speedup):
        return "speed"
    if trace.intent is Intent.SIMPLIFY and _simpler(trace, one, other):
        return "simplicity"
    return ""


def _pairs(trace: Trace, steps: Sequence[Step]) -> list[tuple[Step, Step]]:
    """The pairs among answers to one prompt: the best matched of the best first."""
    matches = []
    for better in sorted(steps, key=lambda step: (-step.outcome, step.id)):
        worse = [step for step in steps if better_by(trace, better, step)]
        # The same strategy is the same beginning: they differ in what the model wrote. Then the one
        # that came closest, from which there is most to learn.
        worse.sort(key=lambda s: (s.strategy != better.strategy, -s.outcome, s.id))
        matches.append((better, worse))
    found = [
        (better, worse[number])
        for number in range(PAIRS_PER_CHOSEN)
        for better, worse in matches
        if number < len(worse)
    ]
    return found[:PAIRS_PER_PROMPT]


def _faster(one: Speedup | None, other: Speedup | None) -> bool:
    """Whether a claimed gain is above the other's whole interval, measured on the same inputs."""
    if not one or not other or (one.clock, one.scale) != (other.clock, other.scale):
        return False
    return one.claimed and one.low > other.high * Speedup.NOISE_FLOOR


def _simpler(trace: Trace, one: Step, other: Step) -> bool:
    """Whether it is simpler than both the original and the other, at no loss of speed."""
    if not one.complexity or not other.complexity:
        return False
    as_fast = one.speedup is None or one.speedup.high >= NOT_SLOWER
    gains = (simplicity(base, one.complexity) for base in (trace.complexity, other.complexity))
    return as_fast and all(gain >= SIMPLER for gain in gains)


def _said(which: str, step: Step) -> Json:
    return {
        f"{which}_id": step.id,
        f"{which}_strategy": step.strategy,
        f"{which}_verdict": step.label,
        f"{which}_observation": step.observation,
        f"{which}_code": step.code,
    }
