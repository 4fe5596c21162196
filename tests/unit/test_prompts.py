"""What the model is told: results in words, and only as much context as fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from search_support import failed, results, task, verified

from orps_lsp.evaluation.protocol import Evaluation, Evidence, Speedup, Verdict
from orps_lsp.search.prompts import Prompts, describe
from orps_lsp.search.strategies import Strategy, strategies
from orps_lsp.search.types import Candidate, Intent, Status
from orps_lsp.source.locate import functions


@pytest.mark.parametrize(
    ("evaluation", "words"),
    [
        (failed(1), "(1 of 4 pass):\n- test_1: assert 3 == 4"),
        (verified(2.5), "All 4 tests pass; it is 2.5 times as fast as the original."),
        (verified(1.0), "but it is not faster"),
        (verified(0.5), "but it is slower: 0.50 times"),
        (Evaluation(Verdict.VERIFIED, results(4)), "All 4 tests pass."),
        (Evaluation(Verdict.BROKEN, (), "NameError: x"), "could not be run: NameError: x"),
        (
            Evaluation(
                Verdict.DISAGREES, results(4), evidence=Evidence(5, 5, 1, "On ([],): 0, not None")
            ),
            "does not always do what the original does: On ([],): 0, not None",
        ),
        (
            replace(verified(), speedup=Speedup(2.0, 0.9, 3.0, 7)),
            "but it is not faster",  # the interval has 1 in it
        ),
    ],
)
def test_what_ran_is_told_in_words(evaluation: Evaluation, words: str) -> None:
    assert words in describe(evaluation)


def test_only_a_few_failures_are_quoted() -> None:
    text = describe(Evaluation(Verdict.FAILED_TESTS, results(0, total=9)))
    assert text.count("assert 3 == 4") == 3
    assert text.endswith("- and 6 more")


def test_a_thinking_model_is_asked_for_its_thought_and_starts_freely() -> None:
    prompt = Prompts(task(), think=True).programmer(Strategy("hashing", "Use a dict"), ())
    assert prompt.prefill == ""
    assert "Use a dict." in prompt.messages[-1].content
    assert "First say in one or two sentences" in prompt.messages[-1].content


@pytest.mark.parametrize("intent", Intent)
def test_every_strategy_makes_a_prompt_whose_answer_begins_with_the_function(
    intent: Intent,
) -> None:
    prompts = Prompts(task(intent))
    parent = Candidate(
        1, None, 1, "x", "def total(values):\n    return 0\n", Status.FAILED, evaluation=failed()
    )
    for strategy in strategies(intent, task().function):
        for path in ((), (parent,)):
            prefill = prompts.programmer(strategy, path).prefill
            before, _, begun = prefill.partition("```python\ndef total(values):\n")
            assert not before
            last = begun.rpartition("\n")[2]
            assert last == (
                "" if strategy.thought is None else f"    # {strategy.thought}".rstrip()
            )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('def f(x):\n    """Say it."""\n    return x\n', '    """Say it."""\n'),
        (
            '@d\ndef f(\n    x\n):\n    """Say\n\n    it."""\n    ...\n',
            '    """Say\n\n    it."""\n',
        ),
        ('def f(x): "Say it."\n', ""),  # on the header's own line
        ('def f(x):\n    "é"; return x\n', ""),
        ("def f(x):\n    return x\n", ""),
    ],
)
def test_a_fix_begins_with_the_docstring_so_that_it_is_not_written_again(
    text: str, kept: str
) -> None:
    (function,) = functions(text)
    for intent, expected in ((Intent.FIX, kept), (Intent.OPTIMISE, "")):
        prompts = Prompts(replace(task(intent), function=function))
        prefill = prompts.programmer(Strategy("free"), ()).prefill
        assert prefill == f"```python\n{function.header}\n{expected}"
        answer = prompts.answer("    return 1", Strategy("free"), ())
        assert answer == f"{function.header}\n{expected}    return 1"


def test_a_stub_is_specified_by_the_very_text_that_its_answer_begins_with() -> None:
    (function,) = functions('def f(x):\n    """Say\n\n    it."""\n    raise NotImplementedError\n')
    prompts = Prompts(replace(task(Intent.FIX, tests=("def test_f(): ...",)), function=function))
    prompt = prompts.programmer(Strategy("free"), ())
    said = prompt.messages[-1].content
    assert prompt.prefill.removeprefix("```python\n").rstrip() in said
    assert "NotImplementedError" not in said
    assert said.index("Please provide") < said.index("def f(x)") < said.index("def test_f")


@pytest.mark.parametrize("text", ['def f(x): "Say it."\n', 'def f(x):\n    "Say it."; ...\n'])
def test_a_stub_is_specified_wherever_its_docstring_stands(text: str) -> None:
    (function,) = functions(text)
    prompts = Prompts(replace(task(Intent.FIX), function=function))
    assert "Say it." in prompts.programmer(Strategy("free"), ()).messages[-1].content


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" the sum.\n    return 1", "def total(values):\n    # Take the sum.\n    return 1"),
        ("\n    return 1", "def total(values):\n\n    return 1"),
        ("    return 1", "def total(values):\n    return 1"),
        ("def total(values):\n    return 1", "def total(values):\n    return 1"),
        ("import math\n\ndef total(values): ...", "import math\n\ndef total(values): ..."),
    ],
)
def test_a_thought_that_is_begun_is_ended_by_the_model(text: str, answer: str) -> None:
    (function,) = functions("def total(values):\n    raise NotImplementedError\n")
    prompts = Prompts(replace(task(Intent.FIX), function=function))
    assert prompts.answer(text, Strategy("x", thought="Take"), ()) == answer


def test_the_score_continues_the_critique() -> None:
    candidate = Candidate(1, None, 1, "x", "def total(values): ...", Status.FAILED)
    prompts = Prompts(task())
    critic, score = prompts.critic(candidate), prompts.score(candidate, "It is wrong.")
    assert score.messages == critic.messages
    assert score.prefill.startswith("It is wrong.\n")


def test_who_wrote_from_the_specification_is_shown_the_tests_afterwards() -> None:
    prompts = Prompts(task(Intent.FIX, tests=("def test_total(): ...",)))
    for strategy, shown in ((Strategy("free"), 0), (Strategy("rewrite", keep=0.0), 1)):
        prompt = prompts.programmer(strategy, ())
        conversation = prompts.conversation(prompt, "    return 0")
        candidate = Candidate(1, None, 1, "x", "", Status.FAILED, conversation, evaluation=failed())
        review = prompts.critic(candidate).messages[-1].content
        assert review.count("def test_total") == shown
        assert "2 of 4 pass" in review


def test_of_a_long_path_the_task_and_the_last_attempts_are_shown() -> None:
    prompts = Prompts(task(tests=("def test_total(): ...",)))
    path: tuple[Candidate, ...] = ()
    for number in range(5):
        prompt = prompts.programmer(Strategy("free"), path)
        conversation = prompts.conversation(prompt, f"    return {number}")
        candidate = Candidate(
            number, None, 1, "x", "", Status.FAILED, conversation, evaluation=failed()
        )
        path = (*path, candidate)
    messages = prompts.programmer(Strategy("free"), path).messages
    roles = [message.role for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "def test_total" in messages[1].content
    assert ["return 3" in messages[2].content, "return 4" in messages[4].content] == [True, True]
