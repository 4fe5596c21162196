"""Every search method, over a scripted model: its shape, its ends, and its budgets."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_support import SOURCE, FakeEvaluator, answer, broken, failed, run, verified

from orps_lsp.evaluation.protocol import Behaviour, Evaluation
from orps_lsp.llm.protocol import Completion, EngineCrashed, Prompt, Sampling
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.search import bandit
from orps_lsp.search.agreement import agreement
from orps_lsp.search.methods import METHODS
from orps_lsp.search.methods.mcts import Node, select, uct
from orps_lsp.search.strategies import Strategy, diagnosed, strategies
from orps_lsp.search.types import Budget, Candidate, Intent, Outcome, Part, Status, StopReason
from orps_lsp.source.locate import find

# Different wrong versions, so that none is a repetition, and after a while one that is right.
WRONG = tuple(answer(f"return sum(values) + {number}") for number in range(1, 60))
RIGHT = answer("return sum(values)")
VERDICTS = {f"values) + {number}": failed(number % 4) for number in range(60)}
VERDICTS = {**VERDICTS, "return sum(values)": verified()}
STEPS = tuple(f"Do the step number {number}" for number in range(9))


def shape(outcome: Outcome) -> list[tuple[object, ...]]:
    return [(c.id, c.parent, c.round, c.strategy, c.code, c.status) for c in outcome.candidates]


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_ends_with_a_fix(method: str) -> None:
    script = Script(answers=(*WRONG[:7], RIGHT), critiques=STEPS)
    outcome = await run(
        script,
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method=method,
        budget=Budget(seconds=60, candidates=24, rounds=4),
    )
    assert outcome.stop_reason in (StopReason.SUCCESS, StopReason.BUDGET_CANDIDATES)
    assert outcome.refinements[0].candidate.code == "def total(values):\n    return sum(values)\n"
    assert outcome.refinements[0].summary.startswith("fixed, ")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("intent", Intent)
async def test_a_method_is_deterministic_and_keeps_the_budget_of_candidates(
    method: str, intent: Intent
) -> None:
    first, again = [
        await run(
            Script(answers=WRONG, critiques=STEPS),
            FakeEvaluator(VERDICTS),
            intent=intent,
            method=method,
            budget=Budget(seconds=60, candidates=11, rounds=20),
        )
        for _ in range(2)
    ]
    assert shape(first) == shape(again)
    assert len(first.candidates) == 11
    assert first.stop_reason is StopReason.BUDGET_CANDIDATES


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_keeps_the_budget_of_tokens_but_for_what_was_begun(method: str) -> None:
    engine = _Counting(Script(answers=WRONG, critiques=STEPS))
    outcome = await run(
        Script(),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method=method,
        budget=Budget(seconds=60, tokens=120, candidates=0, rounds=9),
        engine=engine,
    )
    assert outcome.stop_reason is StopReason.BUDGET_TOKENS
    assert 120 <= outcome.usage.generated <= 120 + engine.most_at_once * engine.longest
    assert engine.cancelled == 0  # half an answer is tokens for nothing


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_is_cancelled_and_keeps_what_it_has(method: str) -> None:
    stop = asyncio.Event()

    class Stopping(FakeEvaluator):
        async def evaluate(self, module_source: str) -> Evaluation:
            stop.set()
            return await super().evaluate(module_source)

    outcome = await run(
        Script(answers=WRONG, critiques=STEPS, delay=0.001),
        Stopping(VERDICTS),
        method=method,
        budget=Budget(seconds=0, candidates=0, rounds=20),
        stop=stop,
    )
    assert outcome.stop_reason is StopReason.CANCELLED
    assert outcome.candidates


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", ["engine", "evaluator"])
async def test_a_part_that_fails_ends_a_method(method: str, part: str) -> None:
    engine = _Failing(Script(answers=WRONG, critiques=STEPS), 3 if part == "engine" else 99)
    verdicts = {"values) + 3": broken()} if part == "evaluator" else VERDICTS
    outcome = await run(Script(), FakeEvaluator(verdicts), method=method, engine=engine)
    assert outcome.stop_reason is StopReason(f"{part}_failed")
    assert "gone" in outcome.notes[-1]


async def test_repair_corrects_the_draft_that_comes_furthest() -> None:
    outcome = await run(
        Script(answers=WRONG),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method="repair",
        budget=Budget(seconds=60, candidates=5),
    )
    passed = {c.id: c.evaluation.passed for c in outcome.candidates if c.evaluation}
    drafts = [c.id for c in outcome.candidates if c.parent is None]
    assert drafts == [1, 2, 3]
    assert outcome.candidates[3].parent == max(drafts, key=lambda each: passed[each])


async def test_greedy_takes_no_step_down() -> None:
    outcome = await run(
        Script(answers=WRONG),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method="greedy",
        budget=Budget(seconds=60, candidates=20),
    )
    by_id = {c.id: c for c in outcome.candidates}
    children = [c for c in outcome.candidates if c.parent and c.id != max(by_id)]
    parents = {c.parent for c in children}
    assert parents
    for each in parents:
        parent = by_id[each or 0]
        assert parent.parent is None or parent.score >= by_id[parent.parent].score


async def test_depth_first_branches_where_a_step_does_not_help() -> None:
    outcome = await run(
        Script(answers=WRONG),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method="depth_first",
        budget=Budget(seconds=60, candidates=20),
    )
    by_id = {c.id: c for c in outcome.candidates}
    families: dict[int, list[float]] = {}
    for c in outcome.candidates[:-2]:  # the budget may cut the last ones off
        if c.parent is not None:
            families.setdefault(c.parent, []).append(c.score)
    assert families
    for parent, scores in families.items():
        assert len(scores) == (1 if scores[0] > by_id[parent].score else 3)


async def test_mcts_writes_code_for_plans_that_grow() -> None:
    outcome = await run(
        Script(answers=WRONG, critiques=STEPS),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        method="mcts",
        budget=Budget(seconds=60, candidates=12),
    )
    prompts = [c.conversation[-1].content for c in outcome.candidates]
    depths = {sum(f"    # {step}\n" in prompt for step in STEPS) for prompt in prompts}
    assert depths >= {0, 1, 2}


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=3))
def test_uct_tries_what_is_unknown_and_prefers_what_was_good(
    visits: list[tuple[int, float]],
) -> None:
    total = sum(count for count, _ in visits)
    scores = [uct(Node(("s",), count, count * mean), total) for count, mean in visits]
    assert uct(Node(("s",)), total) > max(scores)
    for (count, mean), score in zip(visits, scores, strict=True):
        assert score >= mean
        assert uct(Node(("s",), count, count * mean), total + 1) > score or total == 1


def test_selection_goes_down_to_an_open_node() -> None:
    leaves = [Node((f"{n}",), visits=3, value=v) for n, v in enumerate((0.1, 2.9, 1.0))]
    root = Node(visits=9, value=4.0, children=leaves)
    assert select(root) == [root, leaves[1]]
    assert select(Node()) == [Node()]


# -- agreement

marks = st.sampled_from(["return a", "return b", "raise c", ""])


@given(st.data())
def test_agreement_is_a_share_of_votes(data: st.DataObject) -> None:
    versions, inputs = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 6))
    rows = [data.draw(st.lists(marks, min_size=inputs, max_size=inputs)) for _ in range(versions)]
    votes = [data.draw(st.integers(1, 4)) for _ in range(versions)]
    shares = agreement(rows, votes)
    assert all(0 <= share <= 1 + 1e-9 for share in shares)
    for i, row in enumerate(rows):
        for j, other in enumerate(rows):
            if row == other:
                assert shares[i] == shares[j]
    order = data.draw(st.permutations(range(versions)))
    again = agreement([rows[i] for i in order], [votes[i] for i in order])
    assert again == pytest.approx([shares[i] for i in order])


def test_the_majority_agrees_with_itself() -> None:
    rows = [["return 1", "return 2"], ["return 1", "return 2"], ["return 1", "return 3"]]
    first, second, third = agreement(rows, [1, 1, 1])
    assert first == second == pytest.approx(5 / 6)
    assert third == pytest.approx(2 / 3)
    assert agreement(rows, [1, 1, 9])[2] > agreement(rows, [1, 1, 9])[0]


def test_inputs_that_most_versions_refuse_say_nothing() -> None:
    rows = [["return 1", "raise 1"], ["return 1", "raise 2"], ["return 1", "return 2"]]
    assert agreement(rows, [1, 1, 1]) == [1.0, 1.0, 1.0]
    assert agreement([["raise 1"], ["raise 2"]], [1, 1]) == [1.0, 1.0]


async def test_the_fix_that_most_agree_with_is_offered_first() -> None:
    odd, usual = Behaviour(("return 0", "return 9")), Behaviour(("return 1", "return 2"))
    texts = ("return 1 * sum(values)", "return sum(values)", "return 0 + sum(values)")
    outcome = await run(
        Script(answers=tuple(map(answer, texts))),
        FakeEvaluator({"sum(values)": verified()}, {"1 * sum": odd, "sum": usual}),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=3, rounds=1),
    )
    assert outcome.refinements[0].candidate.agreement == pytest.approx(2 / 3)
    assert "1 * sum" not in outcome.refinements[0].candidate.code
    assert "67% of the fixes agree" in outcome.refinements[0].summary


async def test_of_fixes_that_do_the_same_the_faster_is_offered_first() -> None:
    marks = ("return 1", "return 2")
    slow, fast = Behaviour(marks, 2.0), Behaviour(marks, 1.0)
    texts = ("return sum(values)", "return sum(values, 0) + 0 + 0")
    outcome = await run(
        Script(answers=tuple(map(answer, texts))),
        FakeEvaluator({"sum(values": verified()}, {"values, 0)": fast, "sum": slow}),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=2, rounds=1),
    )
    assert "0 + 0" in outcome.refinements[0].candidate.code


async def test_orps_asks_the_root_again_once_there_is_a_fix() -> None:
    texts = (RIGHT, *WRONG[:20])
    outcome = await run(
        Script(answers=texts),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=12, rounds=3),
    )
    assert [c.status for c in outcome.candidates].count(Status.VERIFIED) == 1
    assert all(c.parent is None for c in outcome.candidates)
    assert outcome.stop_reason is StopReason.SUCCESS


# -- the choice of strategies

names = st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True)


@given(names, st.integers(0, 20), st.integers(), st.lists(st.floats(0, 1), max_size=20))
def test_the_bandit_chooses_as_many_as_asked_and_the_same_for_a_seed(
    given_names: list[str], count: int, seed: int, outcomes: list[float]
) -> None:
    ways = [Strategy(name) for name in given_names]
    drawn = [candidate(n, given_names[n % len(ways)], o) for n, o in enumerate(outcomes)]
    first, again = [bandit.choose(ways, drawn, count, random.Random(seed)) for _ in range(2)]
    assert first == again and len(first) == count and set(first) <= set(ways)


def test_what_brought_something_is_drawn_more_often() -> None:
    ways = [Strategy("good"), Strategy("bad"), Strategy("new")]
    drawn = [candidate(n, "good", 0.8) for n in range(6)]
    drawn += [candidate(n, "bad", 0.0) for n in range(6, 12)]
    chosen = [
        way.name
        for seed in range(300)
        for way in bandit.choose(ways, drawn, 2, random.Random(seed))
    ]
    assert chosen.count("good") > chosen.count("new") > chosen.count("bad") > 0


def candidate(number: int, strategy: str, outcome: float) -> Candidate:
    return Candidate(number, None, 1, strategy, "", Status.FAILED, outcome=outcome)


# -- ablations


async def ablated(*without: Part) -> Outcome:
    """A search of two rounds for a fix that there is not."""
    return await run(
        Script(answers=WRONG, critiques=("adds too much.",)),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=12, rounds=2),
        without=frozenset(without),
    )


def texts(outcome: Outcome) -> str:
    return "\n".join(m.content for c in outcome.candidates for m in c.conversation)


@pytest.mark.parametrize(
    ("part", "trace"),
    [
        (Part.EXECUTION, "When it ran"),
        (Part.REASONING, "    # "),
        (Part.CRITIQUE, "Review: "),
        (Part.REPAIR, "It must be better than the attempts above"),
    ],
)
async def test_an_ablation_leaves_its_part_out_and_no_other(part: Part, trace: str) -> None:
    whole, without = texts(await ablated()), texts(await ablated(part))
    assert trace in whole and trace not in without


async def test_an_ablation_of_the_choice_offers_in_another_order() -> None:
    odd, usual = Behaviour(("return 0",)), Behaviour(("return 1",))
    answers = ("return 1 * sum(values)", "return sum(values)", "return 0 + sum(values)")
    outcome = await run(
        Script(answers=tuple(map(answer, answers))),
        FakeEvaluator({"sum(values)": verified()}, {"1 * sum": odd, "sum": usual}),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=3, rounds=1),
        without=frozenset({Part.AGREEMENT}),
    )
    assert all(c.agreement is None for c in outcome.candidates)


class _Counting(ScriptedEngine):
    """Notes what was written at once, and what was not let end."""

    most_at_once = longest = cancelled = running = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            completion = await super().complete(prompt, sampling)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        self.longest = max(self.longest, completion.usage.generated)
        return completion


class _Failing(ScriptedEngine):
    """Dies of its nth request."""

    def __init__(self, script: Script, number: int) -> None:
        super().__init__(script)
        self._left = number

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self._left -= 1
        if self._left < 0:
            raise EngineCrashed("The model's process is gone.")
        return await super().complete(prompt, sampling)


# -- plans for this very function


async def test_a_slow_function_is_asked_for_by_what_makes_it_slow() -> None:
    slow = "def f(xs, ys):\n    return [x for x in xs if x in ys]\n"
    ways = diagnosed(find(slow, "f"))
    assert ways[0] == Strategy("set 1", "Make a set of `ys` before the loop and look into that")
    assert ways.count(ways[0]) == 2
    general = strategies(Intent.OPTIMISE, find(slow, "f"))
    assert set(general) | {ways[0]} == set(ways)
    assert diagnosed(find(SOURCE, "total")) == general  # nothing to be seen there


async def test_a_fix_is_not_asked_to_be_fast() -> None:
    outcome = await run(
        Script(answers=WRONG),
        FakeEvaluator(VERDICTS),
        intent=Intent.FIX,
        budget=Budget(seconds=60, candidates=4, rounds=1),
    )
    names = {way.name for way in strategies(Intent.FIX, find(SOURCE, "total"))}
    assert {c.strategy for c in outcome.candidates} <= names


# -- rules

TWICE_IN = """def f(xs, ys):
    found = []
    for x in xs:
        if x in ys and found.count(x) == 0:
            found.append(x)
    return found
"""


async def test_what_rules_make_comes_first_and_builds_on_what_held() -> None:
    evaluator = FakeEvaluator({"ys_set": verified(3.0)})
    outcome = await run(
        Script(answers=(answer("return 0"),), alone=False),
        evaluator,
        budget=Budget(seconds=60, candidates=8, rounds=1),
        source=TWICE_IN,
    )
    first = outcome.candidates[0]
    assert (first.strategy, first.status, first.tokens) == ("rule: set", Status.VERIFIED, 0)
    assert "    ys_set = set(ys)\n    for x in xs:\n        if x in ys_set and" in first.code
    assert outcome.refinements[0].candidate == first
    assert len(outcome.candidates) == 8  # rules count as candidates do


@pytest.mark.parametrize(
    ("alone", "intent", "without"),
    [
        (True, Intent.OPTIMISE, frozenset[Part]()),
        (False, Intent.FIX, frozenset[Part]()),
        (False, Intent.OPTIMISE, frozenset({Part.RULES})),
    ],
)
async def test_rules_are_for_slow_functions_of_real_models(
    alone: bool, intent: Intent, without: frozenset[Part]
) -> None:
    outcome = await run(
        Script(answers=(answer("return 0"),), alone=alone),
        FakeEvaluator({}),
        intent=intent,
        budget=Budget(seconds=60, candidates=4, rounds=1),
        source=TWICE_IN,
        without=without,
    )
    assert not [c for c in outcome.candidates if c.strategy.startswith("rule")]
