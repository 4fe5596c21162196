"""The search over a scripted model: what it tries, what it keeps, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from search_support import FakeEvaluator, answer, broken, run, task, verified

from orps_lsp import report
from orps_lsp.llm.protocol import (
    Completion,
    EngineCrashed,
    Prompt,
    Sampling,
)
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.search.prompts import Prompts, first_statements
from orps_lsp.search.strategies import Strategy
from orps_lsp.search.types import Budget, Candidate, Intent, Outcome, Progress, Status, StopReason

FAST = answer("return sum(values)")
SLOW = answer("return sum(list(values))")
WRONG = answer("return 0")
SAME = answer('"""Other words."""\n    result = 0\n    for value in values:\n'
              "        result = result + value\n    return result")  # fmt: skip
ANSWERS = (WRONG, SLOW, "I cannot do that.", FAST, FAST, SAME)
VERDICTS = {"sum(values)": verified(3.0), "sum(list(values))": verified(0.8)}


async def test_the_best_is_offered_and_every_candidate_is_accounted_for() -> None:
    outcome = await run(
        Script(answers=ANSWERS), FakeEvaluator(VERDICTS), budget=Budget(candidates=12, rounds=1)
    )
    assert [r.candidate.code.splitlines()[-1].strip() for r in outcome.refinements] == [
        "return sum(values)"
    ]
    best = outcome.refinements[0]
    assert best.summary == "3.00x faster, 4/4 tests"
    assert "-        result = result + value" in best.diff
    assert "+    return sum(values)" in best.diff
    counts = outcome.counts
    assert counts.generated == len(outcome.candidates) == 12
    assert (counts.verified, counts.failed, counts.screened_out) == (2, 1, 2)
    assert counts.duplicates == 12 - 2 - 1 - 2
    assert outcome.usage.generated > 0


async def test_what_is_known_is_never_run_again() -> None:
    evaluator = FakeEvaluator(VERDICTS)
    await run(Script(answers=ANSWERS), evaluator)
    assert len(evaluator.evaluated) == len(set(evaluator.evaluated)) == 3


async def test_the_critic_reviews_what_ran_and_its_score_is_the_expectation() -> None:
    script = Script(answers=(FAST,), critiques=("is right.",), score=(0, 0, 0, 0.5, 0.5))
    outcome = await run(script, FakeEvaluator(VERDICTS))
    candidate = outcome.refinements[0].candidate
    assert candidate.critique == "It is 3 times as fast because it is right."
    assert candidate.process == pytest.approx((0.5 * 3 + 0.5 * 4) / 4)


async def test_a_search_is_deterministic() -> None:
    first, again = [await run(Script(answers=ANSWERS), FakeEvaluator(VERDICTS)) for _ in range(2)]
    assert list(map(timeless, first.candidates)) == list(map(timeless, again.candidates))
    assert [timeless(item.candidate) for item in first.refinements] == [
        timeless(item.candidate) for item in again.refinements
    ]


def timeless(candidate: Candidate) -> Candidate:
    return replace(candidate, seconds=0.0)


async def test_later_rounds_build_on_the_best_attempts() -> None:
    distinct = [answer(f"return sum(values) + {n} - {n}") for n in range(12)]
    evaluator = FakeEvaluator({f"+ {n} -": verified(1 + n / 4) for n in range(12)})
    outcome = await run(Script(answers=tuple(distinct)), evaluator)
    second = [c for c in outcome.candidates if c.round == 2]
    first = {c.id: c for c in outcome.candidates if c.round == 1}
    parents = {c.parent for c in second if c.parent is not None}
    best = max(first.values(), key=lambda c: c.outcome)
    assert best.id in parents
    assert any(c.parent is None for c in second)


class Recording(ScriptedEngine):
    """Keeps the prompts that it was asked."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.prompts.append(prompt)
        return await super().complete(prompt, sampling)


async def test_prompts_share_their_beginning_and_show_what_ran() -> None:
    engine = Recording(Script(answers=(WRONG,), critiques=("ignores the values.",)))
    await run(Script(), FakeEvaluator({}), engine=engine, intent=Intent.FIX)
    first = [prompt.messages[1].content for prompt in engine.prompts]
    shown = [text for text in first if "The function `total`" in text]
    common = shown[0][: shown[0].index("```", shown[0].index("def total"))]
    assert "result = result + value" in common
    assert all(text.startswith(common) for text in shown)
    last = [prompt.messages[-1].content for prompt in engine.prompts if len(prompt.messages) > 2]
    later = [text for text in last if "because it ignores the values." in text]
    assert later
    assert all("2 of 4 pass" in text and "assert 3 == 4" in text for text in later)


async def test_an_attempt_comes_back_as_the_turn_that_it_was() -> None:
    engine = Recording(Script(answers=(WRONG,), critiques=("ignores the values.",)))
    outcome = await run(Script(), FakeEvaluator({}), engine=engine, intent=Intent.OPTIMISE)
    beginnings = {prompt.prefill for prompt in engine.prompts}
    parents = {c.id: c for c in outcome.candidates}
    deep = [c for c in outcome.candidates if c.parent is not None]
    assert deep
    for candidate in deep:
        parent = parents[candidate.parent or 0].conversation
        assert candidate.conversation[: len(parent)] == parent
        assert [m.role for m in candidate.conversation[len(parent) :]] == ["user", "assistant"]
        assert parent[-1].content.startswith(tuple(beginnings))
        assert parent[-1].content.endswith("\n```")


async def test_wrong_code_is_withheld_from_those_who_write_it_anew() -> None:
    engine = Recording(Script(answers=(WRONG,)))
    await run(
        Script(), FakeEvaluator({}), engine=engine, intent=Intent.FIX, budget=Budget(rounds=1)
    )
    withheld = [p for p in engine.prompts if "Write this function" in p.messages[-1].content]
    assert withheld
    assert all("result = result" not in prompt.messages[-1].content for prompt in withheld)
    assert all('"""Add up the values."""' in prompt.messages[-1].content for prompt in withheld)
    starts = {prompt.prefill for prompt in withheld}
    begun = '```python\ndef total(values):\n    """Add up the values."""\n'
    assert begun in starts
    assert f"{begun}    result = 0\n    for value in values:\n" in starts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    return sum(values)", "def total(values):\n    return sum(values)"),
        ("\n    return 1", "def total(values):\n\n    return 1"),
        ("def total(values):\n    return 1", "def total(values):\n    return 1"),
        ("```python\ndef total(values): ...", "```python\ndef total(values): ..."),
    ],
)
def test_an_answer_goes_on_where_its_beginning_ended(text: str, expected: str) -> None:
    assert Prompts(task()).answer(text, Strategy("hashing", "Use a dict"), ()) == expected


@pytest.mark.parametrize("rest", ["print(total([1]))", "# Test it", "def test_total(): ..."])
async def test_an_answer_ends_where_a_script_goes_on(rest: str) -> None:
    script = Script(answers=(f"    return sum(values)\n\n{rest}\nand so on",))
    outcome = await run(script, FakeEvaluator(VERDICTS), budget=Budget(candidates=1))
    assert outcome.candidates[0].status is Status.VERIFIED
    assert outcome.candidates[0].code.rstrip().endswith("return sum(values)")


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        (0.0, ""),
        (0.25, "    x = 1\n"),
        (0.5, "    x = 1\n    for y in a:\n"),
        (0.75, "    x = 1\n    for y in a:\n        x += (\n            y)\n"),
        (1.0, "    x = 1\n    for y in a:\n        x += (\n            y)\n"),
    ],
)
def test_the_kept_part_ends_between_statements(share: float, kept: str) -> None:
    code = (
        'def f(a):\n    """Doc."""\n    x = 1\n    for y in a:\n        x += (\n'
        "            y)\n    return x\n"
    )
    assert first_statements(code, share) == kept


@pytest.mark.parametrize(
    ("reason", "intent", "script", "budget"),
    [
        (
            StopReason.BUDGET_SECONDS,
            Intent.OPTIMISE,
            Script(answers=(WRONG,), delay=0.05),
            Budget(seconds=0.3, candidates=0, rounds=20),
        ),
        (
            StopReason.BUDGET_TOKENS,
            Intent.OPTIMISE,
            Script(answers=(WRONG,)),
            Budget(seconds=30, tokens=20, rounds=20),
        ),
        (StopReason.BUDGET_ROUNDS, Intent.OPTIMISE, Script(answers=(WRONG,)), Budget(rounds=2)),
        (StopReason.CONVERGED, Intent.OPTIMISE, Script(answers=(FAST,)), Budget(rounds=5)),
        (StopReason.SUCCESS, Intent.FIX, Script(answers=(WRONG, FAST)), Budget(rounds=5)),
    ],
)
async def test_every_end_has_its_reason(
    reason: StopReason, intent: Intent, script: Script, budget: Budget
) -> None:
    outcome = await run(script, FakeEvaluator(VERDICTS), intent=intent, budget=budget)
    assert outcome.stop_reason is reason
    assert outcome.stop_reason.sentence.endswith(".")


async def test_best_of_n_ends_with_its_candidates() -> None:
    outcome = await run(
        Script(answers=ANSWERS),
        FakeEvaluator(VERDICTS),
        method="best_of_n",
        budget=Budget(candidates=6),
    )
    assert outcome.stop_reason is StopReason.BUDGET_CANDIDATES
    assert outcome.counts.generated == 6
    assert all(c.parent is None for c in outcome.candidates)
    assert outcome.refinements[0].candidate.critique


async def test_a_chain_is_one_path_of_attempts_that_ran() -> None:
    distinct = tuple(answer(f"return {n}") for n in range(5))
    outcome = await run(
        Script(answers=distinct), FakeEvaluator({}), method="chain", budget=Budget(candidates=5)
    )
    assert outcome.stop_reason is StopReason.BUDGET_CANDIDATES
    assert [c.parent for c in outcome.candidates] == [None, 1, 2, 3, 4]


async def test_stopping_keeps_what_was_found() -> None:
    stop = asyncio.Event()
    snapshots: list[Progress] = []

    class StopsAfterTheFirst(FakeEvaluator):
        async def evaluate(self, module_source: str):  # type: ignore[no-untyped-def]
            if self.evaluated:
                stop.set()
                await asyncio.sleep(60)
            return await super().evaluate(module_source)

    outcome = await run(
        Script(answers=(FAST, SLOW)), StopsAfterTheFirst(VERDICTS), stop=stop, snapshots=snapshots
    )
    assert outcome.stop_reason is StopReason.CANCELLED
    assert len(outcome.refinements) == 1
    assert snapshots[-1].best and snapshots[-1].best.summary == outcome.refinements[0].summary


class Crashing(ScriptedEngine):
    """Dies under the request of this number."""

    def __init__(self, script: Script, at: int) -> None:
        super().__init__(script)
        self._left = at

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self._left -= 1
        if self._left < 0:
            raise EngineCrashed("The model's process ended with signal 9.")
        return await super().complete(prompt, sampling)


async def test_a_dead_engine_ends_the_search_and_keeps_what_was_found() -> None:
    script = Script(answers=(FAST, WRONG))
    outcome = await run(script, FakeEvaluator(VERDICTS), engine=Crashing(script, at=8))
    assert outcome.stop_reason is StopReason.ENGINE_FAILED
    assert len(outcome.refinements) == 1
    assert any("signal 9" in note for note in outcome.notes)


async def test_a_dead_evaluator_ends_the_search() -> None:
    verdicts = {"sum(values)": verified(3.0), "return 0": broken()}
    outcome = await run(Script(answers=(FAST, WRONG)), FakeEvaluator(verdicts))
    assert outcome.stop_reason is StopReason.EVALUATOR_FAILED
    assert len(outcome.refinements) == 1
    assert "The worker is gone." in outcome.notes


async def test_cancelling_the_caller_is_cancellation() -> None:
    work = asyncio.create_task(run(Script(answers=(FAST,), delay=60), FakeEvaluator({})))
    await asyncio.sleep(0.05)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


@pytest.mark.parametrize(
    "answers",
    [
        (answer("import os\n    return len(os.listdir('/'))"),),
        ("def total(values, start=1):\n    return sum(values)\n```",),
        ("async def total(values):\n    return sum(values)\n```",),
    ],
    ids=["dangerous import", "another signature", "async"],
)
async def test_what_is_screened_out_never_runs(answers: Sequence[str]) -> None:
    evaluator = FakeEvaluator({})
    outcome = await run(Script(answers=tuple(answers)), evaluator, budget=Budget(candidates=4))
    assert not evaluator.evaluated
    first = outcome.candidates[0]
    assert first.status is Status.SCREENED_OUT
    assert first.reason


async def test_no_score_lifts_a_failing_candidate_over_a_verified_one() -> None:
    script = Script(answers=(WRONG, FAST), score=(0, 0, 0, 0, 1))
    outcome = await run(script, FakeEvaluator({"sum(values)": verified(0.2)}))
    scores = {c.status: c.score for c in outcome.candidates if c.evaluation}
    assert scores[Status.VERIFIED] > scores[Status.FAILED]


def _json(outcome: Outcome) -> dict[str, object]:
    data = report.to_json(outcome)
    return json.loads(json.dumps(data))  # type: ignore[no-any-return]


async def test_the_report_is_plain_json_of_the_documented_form() -> None:
    outcome = await run(Script(answers=ANSWERS), FakeEvaluator(VERDICTS))
    data = _json(replace(outcome, seconds=1.0))
    assert data["function"] == "total.py::total"
    assert data["stop_reason"] in {reason.value for reason in StopReason}
    assert data["baseline"]["tests"] == {"passed": 4, "failed": 0}  # type: ignore[index]
    (refinement,) = data["refinements"]  # type: ignore[misc]
    assert refinement["rank"] == 1
    assert refinement["tests"] == {"passed": 4, "total": 4}
    assert refinement["speedup"]["median"] == 3.0
    assert refinement["evidence"]["generated"] == 20
    assert refinement["diff"].startswith("--- a/total.py")
