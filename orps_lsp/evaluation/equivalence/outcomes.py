"""Compare what original and candidate did on the same inputs. Pure: decided outside the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orps_lsp.evaluation.protocol import Evidence


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call did: a digest of all that a caller can see, and previews for people.

    ``kind`` is ``return`` or ``raise`` where there is a digest. Without one: ``timeout``, ``limit``
    (memory, recursion), ``uncomparable``, ``unloadable`` (the input), ``crashed``.
    """

    kind: str
    digest: str
    call: str
    value: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Outcome:
        return cls(
            kind=event["kind"],
            digest=event.get("digest", ""),
            call=event.get("call", ""),
            value=event.get("value", ""),
        )


def repeatable(first: Mapping[int, Outcome], second: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Return the outcomes that two runs of the original agree on; the others prove nothing."""
    return {
        index: outcome
        for index, outcome in first.items()
        if outcome.digest and index in second and second[index].digest == outcome.digest
    }


def is_erratic(first: Mapping[int, Outcome], second: Mapping[int, Outcome]) -> bool:
    """Say whether two runs of the original differ on any input.

    Then the function depends on chance, time or earlier calls, and inputs on which both runs agree
    may do so by luck (a shuffle of two items).
    """
    return any(
        bool(outcome.digest)
        and bool(second[index].digest)
        and second[index].digest != outcome.digest
        for index, outcome in first.items()
        if index in second
    )


def compare(
    original: Mapping[int, Outcome],
    candidate: Mapping[int, Outcome],
    recorded: Sequence[int],
    unchecked: Sequence[str] = (),
) -> Evidence:
    """Return the evidence of the inputs that both have an outcome for.

    ``recorded`` are the indices of inputs that come from tests; the others were generated.
    """
    both = [index for index in original if index in candidate]
    differing = [index for index in both if original[index].digest != candidate[index].digest]
    from_tests = set(recorded)
    sentences = list(unchecked)
    missing = len(original) - len(both)
    if missing and not differing:
        sentences.append(f"{_inputs(missing)} could not be compared in the time there was.")
    # The shortest input shows the difference best.
    first = min(differing, key=lambda index: len(original[index].call), default=None)
    return Evidence(
        replayed=sum(index in from_tests for index in both),
        generated=sum(index not in from_tests for index in both),
        disagreements=len(differing),
        first_disagreement=describe(original[first], candidate[first]) if first is not None else "",
        unchecked=tuple(sentences),
    )


def describe(original: Outcome, candidate: Outcome) -> str:
    """Say in one sentence how two outcomes of one input differ."""
    expected, actual = _did(original), _did(candidate)
    if expected == actual:
        # The results look alike: a type, a changed argument, printed text, or a part not shown.
        actual = f"{actual} too, but with other types, side effects or details"
    return f"On ({original.call}) the original {expected}, this version {actual}."


def _did(outcome: Outcome) -> str:
    if outcome.kind == "return":
        return f"returns {outcome.value}"
    if outcome.kind == "raise":
        return f"raises {outcome.value}"
    if outcome.kind == "timeout":
        return f"gives {outcome.value}"
    if outcome.kind == "crashed":
        return "ends the process"
    if outcome.kind == "uncomparable":
        return f"returns what cannot be compared ({outcome.value})"
    return f"fails with {outcome.value}"


def _inputs(number: int) -> str:
    return "One input" if number == 1 else f"{number} inputs"
