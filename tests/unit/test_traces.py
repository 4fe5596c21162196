"""Kept searches: whole, bounded, only on request; and the rows that training reads."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_support import FakeEvaluator, answer, failed, results, run, verified

from orps_lsp.config import Settings
from orps_lsp.evaluation.protocol import Evaluation, Speedup, Verdict
from orps_lsp.evaluation.static import Complexity
from orps_lsp.llm.protocol import Message, Usage
from orps_lsp.llm.scripted import Script
from orps_lsp.search.scoring import combine, outcome_reward
from orps_lsp.search.types import Candidate, Counts, Intent, Outcome, Status, StopReason
from orps_lsp.store import Store
from orps_lsp.traces import kept, preferences, steps
from orps_lsp.traces.kept import Kept, trace
from orps_lsp.traces.types import Step, Trace

WORKSPACE = Path("/home/somebody/project")
ORIGINAL = Complexity(4, 4, 40, 10)
INTENTS = st.sampled_from(list(Intent))


COMPLEXITIES = st.builds(
    Complexity, st.integers(1, 9), st.integers(0, 9), st.integers(5, 90), st.integers(1, 20)
)


@st.composite
def speedups(draw: st.DrawFn) -> Speedup:
    median = draw(st.sampled_from([0.5, 0.98, 1.0, 1.04, 2.0, 2.1, 30.0]))
    width = draw(st.sampled_from([0.0, 0.01, 0.2]))
    clock = draw(st.sampled_from(["cpu", "cpu", "wall"]))
    return Speedup(median, median * (1 - width), median * (1 + width), 9, clock)


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    verdict = draw(st.sampled_from(Verdict))
    if verdict is Verdict.VERIFIED:
        speedup = draw(st.none() | speedups())
        return Evaluation(verdict, results(4), speedup=speedup, memory_ratio=1.0)
    passed = 4 if verdict is Verdict.DISAGREES else draw(st.integers(0, 3))
    return Evaluation(verdict, results(passed), "it is wrong")


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Trees of any shape, with rewards by the search's own rules."""
    intent = draw(INTENTS)
    candidates: list[Candidate] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        parent = draw(
            st.none() | st.sampled_from([c for c in candidates if c.evaluation] or [None])
        )
        history = (
            (*parent.conversation, Message("user", draw(st.sampled_from(["again", "once more"]))))
            if parent
            else (Message("system", "s"), Message("user", draw(st.sampled_from(["f", "g"]))))
        )
        code = draw(st.sampled_from(["a", "b", "c", "d", "e", "f"]))
        status = draw(st.sampled_from(Status))
        made = Candidate(
            number,
            parent.id if parent else None,
            parent.round + 1 if parent else 1,
            draw(st.sampled_from(["hashing", "sort"])),
            code,
            status,
            (*history, Message("assistant", code)),
        )
        if status in (Status.FAILED, Status.VERIFIED):
            evaluation = draw(evaluations())
            complexity = draw(COMPLEXITIES)
            reward = outcome_reward(intent, evaluation, ORIGINAL, complexity)
            process = draw(st.none() | st.floats(0, 1))
            made = replace(
                made,
                status=Status.VERIFIED if evaluation.verdict is Verdict.VERIFIED else Status.FAILED,
                evaluation=evaluation,
                complexity=complexity,
                critique=draw(st.text(max_size=5)),
                process=process,
                outcome=reward,
                score=combine(process, reward, 0.5),
                agreement=draw(st.none() | st.floats(0, 1)),
            )
        candidates.append(made)
    return Outcome(
        "m.py::total",
        "def total(): ...",
        intent,
        "scripted",
        "orps",
        None,  # type: ignore[arg-type]  # nothing of the baseline is kept
        ORIGINAL,
        StopReason.CONVERGED,
        1.0,
        Usage(),
        Counts(),
        (),
        tuple(candidates),
    )


def traced(outcome: Outcome) -> Trace:
    return trace(outcome, WORKSPACE, Settings(), 0, 1_800_000_000.25)


traces = outcomes().map(traced)


def patient(examples: int) -> settings:
    """A busy machine is no reason to fail."""
    slow = [HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@given(traces)
@patient(60)
def test_a_trace_comes_back_from_the_store_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, one: Trace
) -> None:
    here = Kept(Store(tmp_path_factory.mktemp("kept") / "traces.sqlite3"))
    here.put(one)
    (found,) = here.read()
    assert found == one


@given(traces)
@patient(200)
def test_every_step_of_every_path_belongs_to_the_tree(one: Trace) -> None:
    by_id = {step.id: step for step in one.steps}
    rows = list(steps.rows(one))
    seen: set[int] = set()
    for row in rows:
        path = [by_id[step["id"]] for step in row["steps"]]
        seen.update(step.id for step in path)
        assert path[0].parent is None
        assert [step.parent for step in path[1:]] == [step.id for step in path[:-1]]
        assert row["completions"] == [step.conversation[-1].content for step in path]
        assert row["labels"] == [step.status is Status.VERIFIED for step in path]
        assert row["request"] == [
            {"role": m.role, "content": m.content} for m in path[0].conversation[:-1]
        ]
        assert row["prompt"] == "s\n\n" + path[0].conversation[1].content
        assert not any(step.parent == path[-1].id and step.judged for step in one.steps)
    assert seen == {step.id for step in one.steps if step.status is not Status.DUPLICATE}
    assert len({tuple(step["id"] for step in row["steps"]) for row in rows}) == len(rows)


@given(traces)
@patient(100)
def test_a_potential_is_the_best_that_grew_from_a_step(one: Trace) -> None:
    for step in one.steps:
        children = [one.potential(other) for other in one.steps if other.parent == step.id]
        assert one.potential(step) == max([step.outcome, *children])


def surely_better(one: Trace, a: Step, b: Step) -> bool:
    """The rule of docs/traces.md, in other words than the code's."""
    if a.status is not Status.VERIFIED:
        return False
    if b.status is not Status.VERIFIED:
        return True
    if one.intent is Intent.OPTIMISE:
        assert a.speedup and b.speedup
        return a.speedup.claimed and a.speedup.low > b.speedup.high
    assert one.intent is Intent.SIMPLIFY and a.complexity and b.complexity
    smaller = [
        x < y
        for x, y in zip(
            (a.complexity.cyclomatic, a.complexity.cognitive, a.complexity.nodes),
            (b.complexity.cyclomatic, b.complexity.cognitive, b.complexity.nodes),
            strict=True,
        )
    ]
    return any(smaller) or a.complexity.lines < b.complexity.lines


@given(traces)
@patient(300)
def test_a_pair_answers_one_prompt_and_the_chosen_was_measured_to_be_better(one: Trace) -> None:
    by_id = {step.id: step for step in one.steps}
    rows = list(preferences.rows(one))
    for row in rows:
        better, worse = (by_id[row["meta"][f"{name}_id"]] for name in ("chosen", "rejected"))
        assert better.conversation[:-1] == worse.conversation[:-1]
        assert [(m["role"], m["content"]) for m in row["prompt"]] == [
            (m.role, m.content) for m in better.conversation[:-1]
        ]
        assert row["chosen"] == [{"role": "assistant", "content": better.code}]
        assert row["rejected"] == [{"role": "assistant", "content": worse.code}]
        assert row["chosen"] != row["rejected"]
        assert Status.DUPLICATE not in (better.status, worse.status)
        assert surely_better(one, better, worse)
        assert not preferences.better_by(one, worse, better)
        assert row["chosen_score"] > row["rejected_score"]
    pairs = [(row["meta"]["chosen_id"], row["meta"]["rejected_id"]) for row in rows]
    assert len(set(pairs)) == len(pairs)
    for chosen in {pair[0] for pair in pairs}:
        assert sum(pair[0] == chosen for pair in pairs) <= preferences.PAIRS_PER_CHOSEN


@given(traces, st.randoms(use_true_random=False))
@patient(100)
def test_the_critic_has_no_say_in_the_pairs(one: Trace, random: object) -> None:
    changed = tuple(
        replace(
            step,
            process=random.random(),  # type: ignore[attr-defined]
            score=random.random(),  # type: ignore[attr-defined]
            critique="It is excellent.",
        )
        for step in one.steps
    )
    assert list(preferences.rows(replace(one, steps=changed))) == list(preferences.rows(one))


@given(traces)
@patient(100)
def test_rows_are_json_of_one_shape(one: Trace) -> None:
    kinds: dict[str, dict[str, set[str]]] = {"steps": {}, "preferences": {}}
    for name, rows in (("steps", steps.rows(one)), ("preferences", preferences.rows(one))):
        for row in rows:
            assert json.loads(json.dumps(row, allow_nan=False)) == row
            assert str(WORKSPACE) not in json.dumps(row)
            for key, kind in flat(row):
                kinds[name].setdefault(key, set()).add(kind)
    for keys in kinds.values():
        assert all(len(found - {"NoneType"}) <= 1 for found in keys.values()), keys


def flat(value: object, name: str = "") -> list[tuple[str, str]]:
    """Names and types of all that is in a row; those of a list's items under the list's name."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in flat(item, f"{name}.{key}")]
    if isinstance(value, list):
        return [pair for item in value for pair in flat(item, f"{name}[]")]
    return [(name, type(value).__name__)]


def step(number: int, code: str, evaluation: Evaluation, complexity: Complexity) -> Candidate:
    status = Status.VERIFIED if evaluation.verdict is Verdict.VERIFIED else Status.FAILED
    conversation = (Message("user", "f"), Message("assistant", code))
    return Candidate(
        number,
        None,
        1,
        "s",
        code,
        status,
        conversation,
        evaluation=evaluation,
        complexity=complexity,
    )


PLAIN, SIMPLER = ORIGINAL, Complexity(2, 1, 20, 5)
SLOW = Evaluation(Verdict.VERIFIED, results(4), speedup=Speedup(0.5, 0.45, 0.55, 9))
AT_SCALE = Evaluation(Verdict.VERIFIED, results(4), speedup=Speedup(9.0, 8.0, 10.0, 9, scale=64))


@pytest.mark.parametrize(
    ("intent", "one", "other", "by"),
    [
        (Intent.OPTIMISE, (verified(1.0), PLAIN), (failed(3), PLAIN), "verdict"),
        (Intent.OPTIMISE, (failed(3), PLAIN), (failed(0), PLAIN), ""),
        (Intent.OPTIMISE, (verified(3.0), PLAIN), (verified(2.0), PLAIN), "speed"),
        (Intent.OPTIMISE, (verified(2.1), PLAIN), (verified(2.0), PLAIN), ""),  # intervals overlap
        (Intent.OPTIMISE, (verified(1.0), PLAIN), (SLOW, PLAIN), ""),  # nothing was gained
        (Intent.OPTIMISE, (AT_SCALE, PLAIN), (verified(2.0), PLAIN), ""),  # on other inputs
        (Intent.OPTIMISE, (verified(1.0), SIMPLER), (verified(1.0), PLAIN), ""),
        (Intent.SIMPLIFY, (verified(1.0), SIMPLER), (verified(1.0), PLAIN), "simplicity"),
        (Intent.SIMPLIFY, (SLOW, SIMPLER), (verified(1.0), PLAIN), ""),
        (Intent.SIMPLIFY, (verified(3.0), PLAIN), (verified(1.0), PLAIN), ""),
        (Intent.FIX, (verified(3.0), SIMPLER), (verified(1.0), PLAIN), ""),  # both are right
        (Intent.FIX, (verified(1.0), PLAIN), (failed(3), SIMPLER), "verdict"),
    ],
)
def test_what_is_better(
    intent: Intent,
    one: tuple[Evaluation, Complexity],
    other: tuple[Evaluation, Complexity],
    by: str,
) -> None:
    whole = _outcome(intent, step(1, "a", *one), step(2, "b", *other))
    a, b = traced(whole).steps
    assert preferences.better_by(traced(whole), a, b) == by
    assert not preferences.better_by(traced(whole), b, a)


def _outcome(intent: Intent, *candidates: Candidate) -> Outcome:
    return Outcome(
        *("m.py::total", "def total(): ...", intent, "scripted", "orps", None, ORIGINAL),  # type: ignore[arg-type]
        *(StopReason.CONVERGED, 1.0, Usage(), Counts(), (), candidates),
    )


def test_a_prompt_has_a_bounded_number_of_pairs_and_like_goes_with_like() -> None:
    wrong = [step(n, f"wrong {n}", failed(n % 4), PLAIN) for n in range(20)]
    right = [step(n, f"right {n}", verified(), PLAIN) for n in range(20, 40)]
    wrong[7] = replace(wrong[7], strategy="other")
    right[0] = replace(right[0], strategy="other")
    pairs = [
        (row["meta"]["chosen_id"], row["meta"]["rejected_id"])
        for row in preferences.rows(traced(_outcome(Intent.FIX, *wrong, *right)))
    ]
    assert len(pairs) == preferences.PAIRS_PER_PROMPT
    assert {pair[0] for pair in pairs} == set(range(20, 40)), "each has its best match first"
    assert pairs[0] == (20, 7)


async def test_a_search_is_kept_whole(tmp_path: Path) -> None:
    script = Script(
        answers=(answer("return 1"), answer("return sum(values)"), answer("return 2")),
        critiques=("it is short.",),
    )
    outcome = await run(script, FakeEvaluator({"sum(values)": verified(3.0)}))
    here = Kept(Store(tmp_path / "traces.sqlite3"))
    here.put(trace(outcome, WORKSPACE, Settings(seed=7, alpha=0.25), 0, 1.0))
    (found,) = here.read()
    assert (found.function, found.original) == (outcome.function, outcome.original)
    assert (found.seed, found.temperature, found.alpha) == (7, 0.8, 0.25)
    assert trace(outcome, WORKSPACE, Settings(), 7_000_000_000, 1.0).alpha == 0.5
    assert len(found.steps) == len(outcome.candidates) > 3
    for kept_step, candidate in zip(found.steps, outcome.candidates, strict=True):
        for name in ("id", "parent", "round", "strategy", "status", "conversation", "code"):
            assert getattr(kept_step, name) == getattr(candidate, name)
        for name in (
            "reason",
            "critique",
            "process",
            "outcome",
            "score",
            "complexity",
            "agreement",
        ):
            assert getattr(kept_step, name) == getattr(candidate, name)
    best = found.steps[1]
    assert (best.rank, best.passed, best.tests, best.verdict) == (1, 4, 4, Verdict.VERIFIED)
    assert best.observation == "All 4 tests pass; it is 3 times as fast as the original."
    assert best.tokens > 0 and best.replayed == 10
    assert best.answer.startswith("```python\ndef total(values):\n") and "sum" in best.answer
    assert best.answer.endswith("\n```")
    assert found.steps[0].observation.startswith("It fails tests (2 of 4 pass):")


def test_the_oldest_searches_make_room_and_no_other_file_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORPS_LSP_STORE", str(tmp_path))
    monkeypatch.setattr(kept, "LIMIT_BYTES", 4000)
    one = traced(_outcome(Intent.FIX, step(1, "a", verified(), PLAIN)))
    for number in range(40):
        Kept().put(replace(one, id=f"{number:02}", original=f"{number}"))
    found = [trace.id for trace in Kept().read()]
    assert 2 < len(found) < 40
    assert found == [f"{number:02}" for number in range(40)][-len(found) :]
    assert [file.name for file in tmp_path.iterdir()] == ["traces.sqlite3"]


def test_searches_are_removed(tmp_path: Path) -> None:
    here = Kept(Store(tmp_path / "traces.sqlite3"))
    assert list(here.read()) == [] and here.clear() == here.remove(["a"]) == 0
    assert not here.path.exists(), "looking leaves nothing"
    one = traced(_outcome(Intent.FIX, step(1, "a", verified(), PLAIN)))
    for name in "abc":
        here.put(replace(one, id=name))
    assert here.remove(["b"]) == 1
    assert [trace.id for trace in here.read()] == ["a", "c"]
    assert here.clear() == 2
    assert list(here.read()) == []


@pytest.mark.parametrize("data", [b"", b"{}", b"x\x9cK\xae\x05\x00", b"\xff"])
def test_what_cannot_be_read_is_left_out(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "traces.sqlite3")
    here = Kept(store)
    one = traced(_outcome(Intent.FIX, step(1, "a", verified(), PLAIN)))
    store.put("trace", "0", data)
    here.put(one)
    assert list(here.read()) == [one]
    assert "cannot be read" in caplog.text
    assert here.clear() == 2


def test_what_an_earlier_version_kept_is_read_with_less_in_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "traces.sqlite3")
    here = Kept(store)
    one = traced(_outcome(Intent.FIX, step(1, "a", verified(), PLAIN)))
    here.put(one)
    values = json.loads(zlib.decompress(store.get("trace", one.id) or b""))
    del values["steps"][0]["agreement"]
    values["steps"][0]["something_else"] = 3
    store.put("trace", one.id, zlib.compress(json.dumps(values).encode()))
    assert list(here.read()) == [one]


def test_what_no_reader_takes_is_not_written() -> None:
    endless = Evaluation(
        Verdict.VERIFIED,
        results(4),
        speedup=Speedup(math.inf, 2.0, math.inf, 9),
        memory_ratio=math.nan,
    )
    one = traced(_outcome(Intent.OPTIMISE, step(1, "a", endless, PLAIN)))
    (row,) = steps.rows(one)
    (told,) = row["steps"]
    assert (told["speedup"], told["speedup_low"], told["memory_ratio"]) == (None, 2.0, None)
    json.dumps(row, allow_nan=False)


def test_half_a_character_does_not_make_a_search_unreadable(tmp_path: Path) -> None:
    here = Kept(Store(tmp_path / "traces.sqlite3"))
    here.put(traced(_outcome(Intent.FIX, step(1, "a = '\ud800 é'", verified(), PLAIN))))
    (found,) = here.read()
    assert found.steps[0].code == "a = '? é'"


def test_what_a_rule_made_is_shown_only_where_a_model_went_on_from_it() -> None:
    rule = replace(step(1, "a", verified(), PLAIN), strategy="rule: set")
    other = replace(step(2, "b", verified(), PLAIN), strategy="rule: index")
    grown = replace(step(3, "c", failed(2), PLAIN), parent=1)
    own = step(4, "d", failed(2), PLAIN)
    kept = traced(_outcome(Intent.OPTIMISE, rule, other, grown, own))
    assert [[s.id for s in path] for path in kept.paths()] == [[1, 3], [4]]
    assert list(preferences.rows(kept)) == []  # what is right is no model's
