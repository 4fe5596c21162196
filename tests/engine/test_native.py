"""llama.cpp itself under the batcher, in this process: what it computes, samples and keeps."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orps_lsp.llm.llama_cpp.batch import Batcher, Request
from orps_lsp.llm.llama_cpp.context import Context, Decoded, Step
from orps_lsp.llm.llama_cpp.model import Model
from orps_lsp.llm.llama_cpp.sampler import Sampler
from orps_lsp.llm.llama_cpp.speculation import Costs, Speculation
from orps_lsp.llm.llama_cpp.warm import WarmStart, measure_costs
from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineError,
    Message,
    ModelLoadError,
    Prompt,
    Sampling,
)

# How far logits may lie apart that were computed in batches of other sizes, because sums of
# quantised products are rounded differently. A wrong token in the history moves them much more.
ROUNDING = 1.0


@pytest.fixture(scope="module")
def model(model_path: Path) -> Model:
    return Model(model_path, gpu_layers=0)


def context_of(model: Model, size: int = 1024, sequences: int = 8) -> Context:
    return Context(model, size=size, sequences=sequences, batch=512, outputs=32, threads=2)


@dataclass
class Recorded:
    """One request, what came of it, and the logits that each of its tokens was drawn from."""

    prompt: list[int]
    sampling: Sampling
    rows: list[Any] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    result: object = None


class RecordingSampler:
    def __init__(self, sampler: Sampler, record: Recorded) -> None:
        self._sampler, self._record = sampler, record

    def sample(self, row: Any) -> int:
        self._record.rows.append(row.copy())
        token = self._sampler.sample(row)
        self._record.tokens.append(token)
        return token

    def close(self) -> None:
        self._sampler.close()


def recording_batcher(
    model: Model, context: Context, records: dict[int, Recorded], sequences: int
) -> Batcher:
    def make(sampling: Sampling) -> RecordingSampler:
        return RecordingSampler(Sampler(model, sampling), records[sampling.seed])

    return Batcher(context, model, make, sequences=sequences, longest=context.size)


def submit(batcher: Batcher, number: int, record: Recorded) -> None:
    def done(result: Completion | Choice | Exception) -> None:
        record.result = result

    batcher.submit(Request(number, record.prompt, done, done, record.sampling))


def fresh_rows(model: Model, record: Recorded) -> Any:
    """The logits of the same text in a context that has seen nothing else."""
    context = context_of(model, sequences=1)
    history = record.prompt + record.tokens[:-1]
    first = len(record.prompt) - 1
    steps = [Step(token, at, 0, at >= first) for at, token in enumerate(history)]
    assert context.decode(steps) is Decoded.DONE
    return context.rows(len(history) - first)


def apart(rows: Any, expected: Any) -> float:
    """The greatest distance of two rows: the root mean square over the vocabulary."""
    return float(np.sqrt(((np.array(rows) - expected) ** 2).mean(axis=1)).max())


@pytest.mark.parametrize("drafts", [False, True])
def test_any_interleaving_computes_what_a_fresh_context_computes(
    model: Model, drafts: bool
) -> None:
    """Rounding decides between near equals, so texts may part; what they are drawn from may not."""
    chance = random.Random(7)
    shared = model.tokenize("def count(words):\n    result = {}\n", special=False)
    variants = [
        model.tokenize(text, special=False)
        for text in (
            "    for word in words:\n        result[word] = result.get(word, 0) + 1\n",
            "    return {word: words.count(word) for word in words}\n",
            "    # Once upon a time there was a dictionary that\n",
        )
    ]
    records: dict[int, Recorded] = {}
    context = context_of(model, size=256)  # small: evictions all the time
    batcher = recording_batcher(model, context, records, sequences=6)
    if drafts:
        batcher.speculation = Speculation(Costs(dict.fromkeys((1, 64), 1.0)))
    cancelled = set()
    for number in range(30):
        prompt = [*shared, *chain.from_iterable(chance.choices(variants, k=chance.randint(0, 3)))]
        sampling = Sampling(seed=number, max_tokens=chance.randint(1, 24))
        records[number] = Recorded(prompt, sampling)
        submit(batcher, number, records[number])
        for _ in range(chance.randint(0, 6)):
            batcher.step()
        if chance.random() < 0.2:
            victim = chance.randint(max(0, number - 2), number)
            if records[victim].result is None:
                cancelled.add(victim)
                batcher.cancel(victim)
    while batcher.busy:
        batcher.step()
    assert 0 < len(cancelled) < 10
    assert batcher.tree.pinned == 0
    agreeing = total = 0
    for number, record in records.items():
        if number in cancelled:
            assert record.result is None
            continue
        assert isinstance(record.result, Completion)
        assert len(record.rows) == record.result.usage.generated == len(record.tokens)
        expected = fresh_rows(model, record)
        assert apart(record.rows, expected) < ROUNDING
        sampler = Sampler(model, record.sampling)
        drawn = [sampler.sample(row.copy()) for row in expected]
        sampler.close()
        agreeing += sum(a == b for a, b in zip(drawn, record.tokens, strict=True))
        total += len(drawn)
    assert total > 200
    assert agreeing > 0.8 * total


def test_a_wrong_history_is_far_beyond_rounding(model: Model) -> None:
    """Holds the measure of the test above: it would notice one token out of place."""
    tokens = model.tokenize("def count(words):\n    result = {}\n    for", special=False)
    right = Recorded(tokens, Sampling(), tokens=[0])
    wrong = Recorded([*tokens[:-3], tokens[0], *tokens[-2:]], Sampling(), tokens=[0])
    assert apart(fresh_rows(model, right).copy(), fresh_rows(model, wrong)) > 3 * ROUNDING


def test_a_step_that_is_interrupted_leaves_nothing_behind(model: Model) -> None:
    context = context_of(model)
    tokens = model.tokenize("word " * 500, special=False)[:400]
    steps = [Step(token, at, 0, at == 399) for at, token in enumerate(tokens)]
    assert context.decode(steps) is Decoded.DONE
    expected = context.rows(1).copy()
    context.forget(0, 0, -1)
    timer = threading.Timer(0.02, context.interrupt)
    timer.start()
    assert context.decode(steps) is Decoded.INTERRUPTED
    timer.join()
    context.clear_interrupt()
    assert context.decode(steps) is Decoded.DONE
    assert np.array_equal(context.rows(1), expected)


def rows_of(values: dict[int, float], size: int) -> Any:
    row = np.full(size, -20.0, dtype=np.float32)
    for token, value in values.items():
        row[token] = value
    return row


def draw_many(model: Model, sampling: Sampling, values: dict[int, float], count: int) -> list[int]:
    drawn = []
    for seed in range(count):
        sampler = Sampler(model, Sampling(**{**_fields(sampling), "seed": seed}))
        drawn.append(sampler.sample(rows_of(values, model.vocabulary_size)))
        sampler.close()
    return drawn


def _fields(sampling: Sampling) -> dict[str, Any]:
    return {name: getattr(sampling, name) for name in Sampling.__slots__}


def test_tokens_are_drawn_by_their_probability(model: Model) -> None:
    values = {5: 2.0, 6: 1.0, 7: -3.0}  # min-p leaves 5 and 6: 73 % and 27 %
    drawn = draw_many(model, Sampling(temperature=1.0, top_p=1.0), values, 600)
    assert set(drawn) == {5, 6}
    assert 0.65 < drawn.count(5) / 600 < 0.81
    cold = draw_many(model, Sampling(temperature=0.2, top_p=1.0), values, 100)
    assert cold.count(5) > 95
    assert set(draw_many(model, Sampling(temperature=0.0), values, 3)) == {5}
    assert set(draw_many(model, Sampling(temperature=1.0, top_p=0.5), values, 50)) == {5}
    without = Sampling(temperature=3.0, top_p=1.0, min_p=0.0)
    assert 7 in draw_many(model, without, values, 300)


def test_a_repeat_penalty_makes_other_tokens_likelier(model: Model) -> None:
    row = rows_of({5: 4.0, 6: 3.0}, model.vocabulary_size)
    for penalty, expected in ((1.0, [5, 5, 5]), (1.5, [5, 6, 5])):
        sampler = Sampler(model, Sampling(temperature=0.0, repeat_penalty=penalty))
        assert [sampler.sample(row.copy()) for _ in range(3)] == expected
        sampler.close()


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_grammar_holds_whatever_the_model_wants(model: Model, temperature: float) -> None:
    grammar = 'root ::= "score: " [1-5] " of 5"'
    records = {
        n: Recorded(
            model.tokenize("Once upon a time", special=False),
            Sampling(seed=n, temperature=temperature, max_tokens=30, grammar=grammar),
        )
        for n in range(4)
    }
    batcher = recording_batcher(model, context_of(model), records, sequences=6)
    for number, record in records.items():
        submit(batcher, number, record)
    while batcher.busy:
        batcher.step()
    for record in records.values():
        assert isinstance(record.result, Completion)
        text = record.result.text
        assert text.startswith("score: ") and text.endswith(" of 5") and len(text) == 13


def test_a_grammar_that_cannot_be_parsed_is_the_request_s_error(model: Model) -> None:
    record = Recorded([1, 2, 3], Sampling(grammar="root ::= ["))
    batcher = recording_batcher(model, context_of(model), {0: record}, sequences=6)
    submit(batcher, 0, record)
    batcher.step()
    assert isinstance(record.result, EngineError)
    assert "grammar" in record.result.message
    assert not batcher.busy


def test_the_end_of_the_turn_is_ignored_on_demand(model: Model) -> None:
    values = dict.fromkeys(model.end_tokens, 5.0) | {9: 1.0}
    assert draw_many(model, Sampling(temperature=0.0), values, 1)[0] in model.end_tokens
    assert draw_many(model, Sampling(temperature=0.0, ignore_eos=True), values, 1) == [9]


def conversation(model: Model) -> tuple[list[int], int]:
    messages = (Message("system", "You improve functions. " * 8), Message("user", "Improve f."))
    return model.prompt_tokens(Prompt(messages))


def answer(model: Model, context: Context, folder: Path | None) -> tuple[Recorded, int]:
    """One greedy answer; how many tokens of its prompt came from the disk."""
    tokens, constant = conversation(model)
    record = Recorded(tokens, Sampling(temperature=0.0, max_tokens=24))
    batcher = recording_batcher(model, context, {0: record}, sequences=6)
    warm = WarmStart(folder, context, batcher.tree) if folder else None
    if warm:
        warm.restore(tokens[:constant])
    restored = batcher.tree.size
    batcher.submit(
        Request(
            0,
            tokens,
            lambda result: setattr(record, "result", result),
            lambda error: setattr(record, "result", error),
            record.sampling,
            constant=constant,
        )
    )
    while batcher.busy:
        batcher.step()
    if warm:
        warm.keep(tokens[:constant])
    return record, restored


def test_the_constant_prefix_is_read_from_disk_and_changes_nothing(
    model: Model, tmp_path: Path
) -> None:
    _, constant = conversation(model)
    plain, _ = answer(model, context_of(model), None)
    cold, restored = answer(model, context_of(model), tmp_path)
    assert restored == 0
    assert len(list(tmp_path.glob("*.state"))) == 1
    warm, restored = answer(model, context_of(model), tmp_path)
    assert restored == constant
    assert isinstance(warm.result, Completion) and isinstance(plain.result, Completion)
    assert warm.result.usage.reused == constant
    assert plain.tokens == cold.tokens == warm.tokens
    assert np.array_equal(plain.rows, warm.rows)


def test_a_prefix_that_is_no_longer_there_is_not_kept(model: Model, tmp_path: Path) -> None:
    tokens, constant = conversation(model)
    context = context_of(model, sequences=1)
    batcher = recording_batcher(model, context, {0: Recorded(tokens, Sampling())}, sequences=1)
    opened = batcher.tree.open([])
    assert opened
    steps = [Step(token, at, opened[0], False) for at, token in enumerate(tokens)]
    assert context.decode(steps) is Decoded.DONE
    batcher.tree.extend(opened[0], tokens)
    batcher.tree.close(opened[0])
    # Its only id must be given up for the one that reads the state.
    WarmStart(tmp_path, context, batcher.tree).keep(tokens[:constant])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_state_costs_only_time(
    model: Model, tmp_path: Path, damage: bytes | None
) -> None:
    plain, _ = answer(model, context_of(model), tmp_path)
    (state,) = tmp_path.glob("*.state")
    state.write_bytes(state.read_bytes()[:-1000] if damage is None else damage)
    again, restored = answer(model, context_of(model), tmp_path)
    assert restored == 0
    assert again.tokens == plain.tokens
    _, restored = answer(model, context_of(model), tmp_path)
    assert restored > 0, "it was written anew"


def test_the_cost_of_batches_is_measured_once(model: Model, tmp_path: Path) -> None:
    context = context_of(model, sequences=40)
    batcher = recording_batcher(model, context, {}, sequences=6)
    measured = WarmStart(tmp_path, context, batcher.tree).costs()
    again = WarmStart(tmp_path, context, batcher.tree).costs()
    assert 0 < measured(1) <= measured(8)
    assert [measured(n) for n in (1, 2, 3, 4, 5)] == [again(n) for n in (1, 2, 3, 4, 5)]
    (tmp_path / "costs.json").write_text("[1, 2")
    assert WarmStart(tmp_path, context, batcher.tree).costs()(1) > 0


def test_measuring_ends_early_where_decoding_is_slow() -> None:
    ticks = iter(range(100))

    class Slow:
        def decode(self, steps: Sequence[Step]) -> Decoded:
            return Decoded.DONE

        def forget(self, sequence: int, start: int, end: int) -> None:
            pass

    measured = measure_costs(Slow(), lambda: float(next(ticks)))  # type: ignore[arg-type]
    assert list(measured) == [1]


def test_a_context_beyond_the_memory_is_refused_before_it_is_made(model: Model) -> None:
    began = time.monotonic()
    with pytest.raises(ModelLoadError, match="not enough memory") as caught:
        context_of(model, size=2_000_000_000)
    assert "GiB" in caught.value.message
    assert "`context`" in caught.value.advice
    assert time.monotonic() - began < 30


def test_the_size_of_the_cache_is_what_llama_cpp_takes(model: Model) -> None:
    """The estimate that refuses a context, held against the size of a saved state."""
    import llama_cpp

    context = context_of(model)
    tokens = model.tokenize("word " * 300, special=False)[:256]
    context.decode([Step(token, at, 0, False) for at, token in enumerate(tokens)])
    saved = llama_cpp.llama_state_seq_get_size(context.handle, 0)
    assert saved == pytest.approx(256 * model.bytes_per_cell, rel=0.05)
