"""Continuous batching over a simulated cache: whatever happens, every text is the right one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_cache import (
    VOCABULARY,
    SimulatedCache,
    SimulatedSampler,
    SimulatedVocabulary,
    draw,
    weigh,
)

from orps_lsp.llm.llama_cpp.batch import RETAINED, Batcher, Request, _find_stop, _softmax
from orps_lsp.llm.llama_cpp.speculation import Costs, Speculation
from orps_lsp.llm.protocol import Choice, Completion, FinishReason, PromptTooLong, Sampling

FREE_DRAFTS = Costs(dict.fromkeys((1, 8, 64), 1.0))  # a batch of any size takes a second


@dataclass
class Answers:
    """What a batcher reported, by request id."""

    results: dict[int, Completion | Choice | Exception] = field(default_factory=dict)

    def request(
        self, number: int, prompt: list[int], most: int, *, stop: tuple[str, ...] = ()
    ) -> Request:
        sampling = Sampling(seed=number % 3, max_tokens=most, stop=stop) if most else None

        def report(result: Completion | Choice | Exception) -> None:
            assert number not in self.results, "reported twice"
            self.results[number] = result

        constant = min(2, len(prompt))
        return Request(number, prompt, report, report, sampling, (1, 2, 3), constant)


def batcher_of(cache: SimulatedCache, sequences: int, costs: Costs | None = None) -> Batcher:
    batcher = Batcher(
        cache, SimulatedVocabulary(), SimulatedSampler, sequences=sequences, longest=cache.size
    )
    batcher.speculation = Speculation(costs) if costs else None
    return batcher


def from_scratch(request: Request) -> Completion | Choice:
    """The same request without cache, batch and neighbours."""
    if request.sampling is None:
        return Choice(_softmax([weigh(request.prompt, o) for o in request.options]), None)  # type: ignore[arg-type]
    history, text = list(request.prompt), ""
    for _ in range(request.sampling.max_tokens):
        token = draw(request.sampling.seed, history)
        if SimulatedVocabulary().ends_turn(token):
            return Completion(text, FinishReason.STOP, None)  # type: ignore[arg-type]
        history.append(token)
        text += "abcdef"[token]
        for stop in request.sampling.stop:
            if text.endswith(stop):
                return Completion(text.removesuffix(stop), FinishReason.STOP, None)  # type: ignore[arg-type]
    return Completion(text, FinishReason.LENGTH, None)  # type: ignore[arg-type]


def check_tree(batcher: Batcher, cache: SimulatedCache) -> None:
    """Every cell is in the tree once, and every sequence sees what the tree says it does."""
    tree = batcher.tree
    assert tree.size == len(cache.cells) <= cache.size
    assert 0 <= tree.pinned <= tree.size
    for sequence, node in tree._at.items():
        path = [token for part in reversed(list(node.path())) for token in part.tokens]
        assert cache.seen(sequence) == path
    assert sorted([*tree._free, *tree._at]) == list(range(len(tree._free) + len(tree._at)))


prompts = st.tuples(
    st.lists(st.integers(1, 2), max_size=3), st.lists(st.integers(1, VOCABULARY - 1), max_size=12)
).map(lambda parts: [3, 4, 5, *parts[0], *parts[1]])
actions = st.one_of(
    st.tuples(st.just("submit"), prompts, st.integers(0, 10)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("step"), st.integers(1, 6)),
    st.tuples(st.just("interrupted step")),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(actions, max_size=40),
    st.integers(12, 80),
    st.integers(1, 6),
    st.booleans(),
)
def test_any_interleaving_gives_the_texts_of_a_fresh_context(
    plan: list[tuple], size: int, sequences: int, drafts: bool
) -> None:
    cache = SimulatedCache(size)
    batcher = batcher_of(cache, sequences, FREE_DRAFTS if drafts else None)
    answers = Answers()
    submitted: dict[int, Request] = {}
    cancelled: set[int] = set()
    for action in plan:
        match action:
            case ("submit", prompt, most):
                number = len(submitted)
                request = answers.request(number, prompt, most, stop=("eb", "dc"))
                submitted[number] = request
                batcher.submit(request)
            case ("cancel", number) if number in submitted and number not in answers.results:
                cancelled.add(number)
                batcher.cancel(number)
            case ("step", count):
                for _ in range(count):
                    batcher.step()
                    check_tree(batcher, cache)
            case ("interrupted step",):
                cache.interrupt_next = True
                batcher.step()
                check_tree(batcher, cache)
                cache.interrupt_next = False
    for _ in range(2000):
        if not batcher.busy:
            break
        batcher.step()
        check_tree(batcher, cache)
    assert not batcher.busy, "it hangs"
    assert batcher.tree.pinned == 0
    assert set(answers.results) == set(submitted) - cancelled
    for number, result in answers.results.items():
        request = submitted[number]
        if request.most > size:
            assert isinstance(result, PromptTooLong)
            continue
        expected = from_scratch(request)
        if isinstance(expected, Choice):
            assert isinstance(result, Choice)
            assert result.probabilities == expected.probabilities
        else:
            assert isinstance(result, Completion)
            assert (result.text, result.finish) == (expected.text, expected.finish)
            assert result.usage.prompt == len(request.prompt)


def finish(batcher: Batcher, cache: SimulatedCache) -> None:
    while batcher.busy:
        batcher.step()
        check_tree(batcher, cache)


def test_siblings_read_their_common_prompt_once() -> None:
    cache, answers = SimulatedCache(1000), Answers()
    batcher = batcher_of(cache, 8)
    prompt = [1 + n % 5 for n in range(300)]
    for number in range(8):
        batcher.submit(answers.request(number, [*prompt, 1 + number % 5, 2], 1))
    finish(batcher, cache)
    reused = [r.usage.reused for r in answers.results.values() if isinstance(r, Completion)]
    assert sorted(reused)[0] == 0
    assert all(tokens >= 300 for tokens in sorted(reused)[1:])
    assert cache.decoded < 300 + 8 * 3


def test_one_prompt_is_read_once_for_all_that_ask_it() -> None:
    cache, answers = SimulatedCache(1000), Answers()
    batcher = batcher_of(cache, 8)
    prompt = [1 + n % 5 for n in range(300)]
    requests = [answers.request(number, prompt, number % 3) for number in range(8)]
    for request in requests:
        batcher.submit(request)
    batcher.step()
    assert cache.decoded < 300, "the prompt takes more than a step"
    finish(batcher, cache)
    written = sum(r.usage.generated for r in answers.results.values() if isinstance(r, Completion))
    assert cache.decoded <= 300 + written
    for request in requests:
        result, expected = answers.results[request.id], from_scratch(request)
        if isinstance(result, Completion) and isinstance(expected, Completion):
            assert result.text == expected.text
        else:
            assert isinstance(result, Choice) and isinstance(expected, Choice)
            assert result.probabilities == expected.probabilities


def test_a_search_on_the_same_function_later_finds_its_prefix() -> None:
    cache, answers = SimulatedCache(200), Answers()
    batcher = batcher_of(cache, 8)
    first, other = [1, 2] * 20, [4, 5] * 20
    for number, prompt in enumerate([first, other, first]):
        batcher.submit(answers.request(number, prompt, 2))
        finish(batcher, cache)
    results = [answers.results[n] for n in range(3)]
    assert [r.usage.reused for r in results if isinstance(r, Completion)] == [0, 0, 39]


def test_the_least_recently_used_prefix_goes_first() -> None:
    cache, answers = SimulatedCache(100), Answers()
    batcher = batcher_of(cache, 8)
    one, two, three = [1] * 40, [2] * 40, [3] * 40
    for number, prompt in enumerate([one, two, one, three, one, two]):
        batcher.submit(answers.request(number, prompt, 0))
        finish(batcher, cache)
    results = [answers.results[n] for n in range(6)]
    assert [r.usage.reused for r in results if isinstance(r, Choice)] == [0, 0, 39, 0, 39, 0]


def test_only_so_much_is_kept_as_does_not_slow_the_others_down() -> None:
    cache, answers = SimulatedCache(3 * RETAINED), Answers()
    batcher = batcher_of(cache, 8)
    for number in range(5):
        batcher.submit(answers.request(number, [1 + number] * (RETAINED // 3), 0))
        finish(batcher, cache)
    assert RETAINED // 2 < batcher.tree.size <= RETAINED
    batcher.submit(answers.request(5, [5] * (RETAINED // 3), 0))
    finish(batcher, cache)
    latest = answers.results[5]
    assert isinstance(latest, Choice)
    assert latest.usage.reused == RETAINED // 3 - 1


def test_a_critique_that_was_written_is_not_read_again() -> None:
    cache, answers = SimulatedCache(200), Answers()
    batcher = batcher_of(cache, 4)
    prompt = [1, 2, 3, 4, 5] * 4
    batcher.submit(answers.request(1, prompt, 6))
    finish(batcher, cache)
    written = answers.results[1]
    assert isinstance(written, Completion) and written.usage.generated >= 3
    answer = ["abcdef".index(letter) for letter in written.text]
    batcher.submit(answers.request(2, [*prompt, *answer, 1], 0))
    finish(batcher, cache)
    scored = answers.results[2]
    assert isinstance(scored, Choice)
    assert scored.usage.reused >= len(prompt) + len(answer) - 1


def test_a_long_prompt_does_not_stall_those_that_write() -> None:
    cache, answers = SimulatedCache(2000), Answers()
    batcher = batcher_of(cache, 4)
    batcher.submit(answers.request(1, [1, 2, 3], 8))
    batcher.step()
    batcher.submit(answers.request(2, [4] * 1000, 1))
    for _ in range(10):
        batcher.step()
    assert 1 in answers.results and 2 not in answers.results
    finish(batcher, cache)


def test_drafts_save_steps_and_change_nothing() -> None:
    texts, steps = [], []
    for costs in (None, FREE_DRAFTS):
        written, count = "", 0
        for number in range(12):
            cache, answers = SimulatedCache(500), Answers()
            batcher = batcher_of(cache, 4, costs)
            batcher.submit(answers.request(number, [1, 2, 3, 4, 5] * 10 + [number % 5], 60))
            while batcher.busy:
                batcher.step()
                count += 1
            result = answers.results[number]
            assert isinstance(result, Completion)
            written += result.text + "|"
        texts.append(written)
        steps.append(count)
    assert texts[0] == texts[1] and len(texts[0]) > 50
    assert steps[1] < 0.9 * steps[0]


def test_interrupting_ends_the_step_that_reads_the_prompt_and_no_other() -> None:
    cache, answers = SimulatedCache(500), Answers()
    batcher = batcher_of(cache, 4)
    batcher.submit(answers.request(1, [1] * 300, 2))
    seen = []
    decode = cache.decode

    def spying(steps: list) -> object:
        batcher.interrupt_for(2)  # not in this step
        before = cache.interrupted
        batcher.interrupt_for(1)
        seen.append((before, cache.interrupted))
        return decode(steps)

    cache.decode = spying  # type: ignore[method-assign]
    batcher.step()
    assert seen == [(False, True)]
    assert not cache.cells
    cache.decode = decode  # type: ignore[method-assign]
    batcher.interrupt_for(1)  # between two steps there is nothing to interrupt
    finish(batcher, cache)
    assert isinstance(answers.results[1], Completion)


@pytest.mark.parametrize("most", [0, 5])
def test_what_can_never_fit_is_refused_at_once(most: int) -> None:
    cache, answers = SimulatedCache(10), Answers()
    batcher = batcher_of(cache, 2)
    batcher.submit(answers.request(1, [1] * 11, most))
    error = answers.results[1]
    assert isinstance(error, PromptTooLong)
    assert "11 tokens" in error.message and "holds 10" in error.message
    assert not batcher.busy


@pytest.mark.parametrize(
    ("text", "before", "stops", "found"),
    [
        ("return 1\n```", 0, ("\n```",), 8),
        ("return 1\n```", 10, ("\n```",), 8),  # it began in an earlier token
        ("a b", 0, ("x",), -1),
        ("a b c", 0, ("c", "b"), 2),
        ("é```", 2, ("```",), 2),
        ("b then", 3, ("b",), -1),  # what was passed over before stays passed over
        ("a", 0, (), -1),
    ],
)
def test_the_earliest_new_stop_string_counts(
    text: str, before: int, stops: tuple[str, ...], found: int
) -> None:
    assert _find_stop(bytearray(text.encode()), before, stops) == found


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=6))
def test_probabilities_sum_to_one(logits: list[float]) -> None:
    probabilities = _softmax(logits)
    assert sum(probabilities) == pytest.approx(1.0)
    assert probabilities[logits.index(max(logits))] == max(probabilities)
