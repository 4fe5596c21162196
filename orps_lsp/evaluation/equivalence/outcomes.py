"""Compare what original and candidate did on the same inputs. Pure: decided outside the sandbox."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orps_lsp.evaluation.protocol import Evidence

Taken = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call did: a digest of all that a caller can see, and previews for people.

    ``kind`` is ``return`` or ``raise`` where there is a digest. Without one: ``timeout``, ``limit``
    (memory, recursion), ``uncomparable``, ``unloadable`` (the input), ``crashed``.

    ``floats`` are those that the digest leaves out. ``accident``: an exception came up that no
    ``raise`` of the function's module raised. ``bounded``: an iterator was not read to its end.
    ``repeats``: an equal call gives an equal result, which is another object; None if not tried.
    ``taken``: for each argument that may be an iterator, how many items the function had read
    after the call, after the first item of its result, and so on.
    """

    kind: str
    digest: str
    call: str
    value: str
    floats: tuple[float, ...] = ()
    accident: bool = False
    bounded: bool = False
    repeats: bool | None = None
    taken: Taken = ()

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Outcome:
        return cls(
            kind=str(event["kind"]),
            digest=str(event.get("digest", "")),
            call=str(event.get("call", "")),
            value=str(event.get("value", "")),
            floats=tuple(float(number) for number in event.get("floats", ())),
            accident=bool(event.get("accident")),
            bounded=bool(event.get("bounded")),
            repeats=event.get("repeats"),
            taken=tuple(None if n is None else tuple(map(int, n)) for n in event.get("taken", ())),
        )


def repeatable(first: Mapping[int, Outcome], second: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Return the outcomes that two runs of the original agree on; the others prove nothing."""
    return {
        index: outcome
        for index, outcome in first.items()
        if outcome.digest and index in second and _same(outcome, second[index])
    }


def is_erratic(first: Mapping[int, Outcome], second: Mapping[int, Outcome]) -> bool:
    """Say whether two runs of the original differ on any input.

    Then the function depends on chance, time or earlier calls, and inputs on which both runs agree
    may do so by luck (a shuffle of two items).
    """
    return any(
        bool(outcome.digest) and bool(second[index].digest) and not _same(outcome, second[index])
        for index, outcome in first.items()
        if index in second
    )


def compare(
    original: Mapping[int, Outcome],
    candidate: Mapping[int, Outcome],
    recorded: Sequence[int],
    unchecked: Sequence[str] = (),
    *,
    scaled: Collection[int] = (),
    tolerance: float = 0.0,
    keeps: Sequence[str] = (),
) -> Evidence:
    """Return the evidence of the inputs that both have an outcome for.

    ``recorded`` are the indices of inputs that come from tests; the others were generated, those in
    ``scaled`` by making recorded ones larger. ``keeps`` are sentences about what the candidate
    keeps between calls, and the original does not.
    """
    both = [index for index in original if index in candidate]
    pairs = {index: (original[index], candidate[index]) for index in both}
    differing = [index for index, pair in pairs.items() if difference(*pair, tolerance)]
    from_tests = set(recorded)
    sentences = list(unchecked)
    missing = len(original) - len(both)
    if missing and not differing:
        sentences.append(f"{_inputs(missing)} could not be compared in the time there was.")
    if any(_takes_no_iterator(*pair) for pair in pairs.values()):
        sentences.append("It takes no iterator where the original does.")
    # The shortest input shows the difference best.
    first = min(differing, key=lambda index: len(original[index].call), default=None)
    shown = keeps[0] if keeps else ""
    if first is not None:
        shown = difference(*pairs[first], tolerance)
    let_pass = tolerance and any(not _same(*pair) for pair in pairs.values())
    return Evidence(
        replayed=sum(index in from_tests for index in both),
        generated=sum(index not in from_tests for index in both),
        scaled=sum(index in scaled for index in both),
        disagreements=len(differing) + len(keeps),
        first_disagreement=shown,
        unchecked=tuple(sentences),
        tolerance=tolerance if let_pass else 0.0,
    )


def difference(original: Outcome, candidate: Outcome, tolerance: float = 0.0) -> str:
    """Say in one sentence how two outcomes of one input differ; nothing if they agree."""
    if original.digest != candidate.digest or not _near(original, candidate, tolerance):
        return _described(original, candidate)
    call = original.call
    if original.repeats and candidate.repeats is False:
        return (
            f"Called twice on ({call}), this version gives an object that it keeps: who changes "
            "one result changes the other."
        )
    for expected, actual in zip(original.taken, candidate.taken, strict=False):
        if expected is None or actual is None:
            continue
        for number, (few, many) in enumerate(zip(expected, actual, strict=False)):
            if many > few:
                return (
                    f"On ({call}), with an iterator instead of a list, the original has read "
                    f"{few} of its items {_when(number)}, this version {many}."
                )
    return ""


def _described(original: Outcome, candidate: Outcome) -> str:
    expected, actual = _did(original), _did(candidate)
    if expected == actual:
        # The results look alike: a type, a changed argument, printed text, or a part not shown.
        actual = f"{actual} too, but with other types, side effects or details"
    return f"On ({original.call}) the original {expected}, this version {actual}."


def _same(one: Outcome, other: Outcome) -> bool:
    return one.digest == other.digest and _near(one, other, 0.0)


def _near(one: Outcome, other: Outcome, tolerance: float) -> bool:
    if len(one.floats) != len(other.floats):
        return False
    return all(map(lambda a, b: _is_near(a, b, tolerance), one.floats, other.floats))


def _is_near(one: float, other: float, tolerance: float) -> bool:
    if tolerance:
        return math.isclose(one, other, rel_tol=tolerance) or (one != one and other != other)
    return one.hex() == other.hex()


def _takes_no_iterator(original: Outcome, candidate: Outcome) -> bool:
    pairs = zip(original.taken, candidate.taken, strict=False)
    return any(actual is None and expected is not None for expected, actual in pairs)


def _when(number: int) -> str:
    if number == 0:
        return "before it gives anything"
    return "when it gives its first item" if number == 1 else f"when it gives item {number}"


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
