"""The arithmetic of the batcher, without a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.llm.llama_cpp.batch import _common, _distinct, _find_stop, _softmax

prompts = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=6)


@given(prompts)
def test_a_shared_prefix_takes_its_cells_once(drawn: list[list[int]]) -> None:
    nodes = {tuple(prompt[: end + 1]) for prompt in drawn for end in range(len(prompt))}
    assert _distinct(drawn) == len(nodes)


@given(*[st.lists(st.integers(0, 2), max_size=8)] * 2, st.integers(0, 8))
def test_the_common_prefix_is_common_and_longest(a: list[int], b: list[int], limit: int) -> None:
    length = _common(a, b, limit)
    assert a[:length] == b[:length]
    assert length <= limit
    assert length == limit or a[length : length + 1] != b[length : length + 1] or length == len(a)


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
