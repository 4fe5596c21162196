"""Only as much context as fits, the worthiest first, no piece ever cut."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_support import task

from orps_lsp.evaluation.protocol import HotLine
from orps_lsp.llm.protocol import Prompt
from orps_lsp.search.fitting import GROWTH, fit
from orps_lsp.search.prompts import Prompts, Task
from orps_lsp.search.strategies import Strategy, strategies
from orps_lsp.search.types import Intent
from orps_lsp.source.context import Context, Piece

KINDS = ("definitions", "elsewhere", "signatures", "calls")


async def words(prompt: Prompt) -> int:
    return sum(len(message.content.split()) for message in prompt.messages)


def common(of: Task, think: bool = True) -> Prompt:
    return Prompts(of, think).programmer(Strategy("free"), ())


def crowded() -> Task:
    """A function of 15 words among 40 of each kind of context."""
    filler = "x + " * 19
    context = Context(
        "import math",
        (Piece("near", f"near = {filler}x", 1.0), Piece("far", f"far = {filler}x", 0.5)),
        "",
        elsewhere=(Piece("rate", f"rate = {filler}x", 1.0, "shop/tax.py"),),
        signatures=(Piece("evolve", f"evolve({filler}x)", 1.0),),
        calls=tuple(
            Piece("", f"call_{n}({filler}x)", 1.0 - n / 10, f"shop/a.py:{n}") for n in (1, 2)
        ),
    )
    tests = tuple(f"def test_{n}(): {filler}x" for n in (1, 2))
    lines = (HotLine(4, f"for value in {filler}:", 0.9, 1000),)
    return replace(
        task(tests=tests), context=context, arguments=(f"values: {filler}",), hot_lines=lines
    )


@pytest.mark.parametrize(
    ("limit", "kept", "note"),
    [
        (10_000, "near far rate evolve call_1 call_2 test_1 test_2 arguments hot_lines", ""),
        (520, "near far rate evolve call_1 test_1 test_2 arguments hot_lines", "room: 1 call."),
        (440, "near rate evolve test_1 test_2 arguments hot_lines", "room: `far` and 2 calls."),
        (350, "near rate test_1 arguments hot_lines", "`evolve`, `far`, 1 test and 2 calls"),
        (220, "near rate", "2 tests, 2 calls, 1 argument and 1 line of the profile."),
        (1, "", "the imports, `near`, `rate`, 2 others, 2 tests, 2 calls"),
    ],
)
async def test_the_least_worthy_goes_first_and_is_told_in_one_sentence(
    limit: int, kept: str, note: str
) -> None:
    fitted, said = await fit(crowded(), limit, words, think=True)
    text = common(fitted).messages[-1].content
    shown = [
        name
        for name in ("near", "far", "rate", "evolve")
        if f"{name} =" in text or f"{name}(" in text
    ]
    shown += [name for name in ("call_1", "call_2", "test_1", "test_2") if name in text]
    shown += [name for name in ("arguments", "hot_lines") if getattr(fitted, name)]
    assert shown == kept.split()
    assert note in " ".join(said) and len(said) == bool(note)
    assert fitted.function == crowded().function and fitted.baseline == crowded().baseline


async def test_a_small_model_is_shown_little_beyond_the_module() -> None:
    everything = crowded()
    bare = replace(
        everything,
        context=replace(everything.context, elsewhere=(), signatures=(), calls=()),
        arguments=(),
        hot_lines=(),
    )
    fitted, said = await fit(everything, 10_000, words, think=False)
    grown = await words(common(fitted, False)) - await words(common(bare, False))
    assert 0 < grown <= GROWTH and said
    assert (await fit(bare, 10_000, words, think=False)) == (bare, ())


async def test_one_long_piece_does_not_keep_out_the_short_ones() -> None:
    given = task(tests=("def test_short(): ...",))
    long = Piece("long", "long = " + "x + " * 500, 1.0)
    given = replace(given, context=Context("", (long, Piece("short", "short = 1", 0.5)), ""))
    fitted, said = await fit(given, 200, words, think=True)
    assert [piece.name for piece in fitted.context.definitions] == ["short"]
    assert fitted.tests and said == ("Left out of the prompt for lack of room: `long`.",)


texts = st.text("abc \n", min_size=1, max_size=300)
pieces = st.lists(
    st.builds(Piece, st.just("name"), texts, st.floats(0.1, 1), st.just("a.py")), max_size=6
).map(tuple)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    given = task(draw(st.sampled_from(Intent)), tuple(draw(st.lists(texts, max_size=4))))
    kinds = {kind: draw(pieces) for kind in KINDS}
    header, imports = (
        draw(st.sampled_from(["", "class A:"])),
        draw(st.sampled_from(["", "import a"])),
    )
    context = Context(imports=imports, class_header=header, **kinds)
    lines = tuple(
        HotLine(n, text, 0.5, 3) for n, text in enumerate(draw(st.lists(texts, max_size=3)))
    )
    arguments = tuple(draw(st.lists(texts, max_size=3)))
    return replace(given, context=context, arguments=arguments, hot_lines=lines)


def is_subsequence(part: tuple[object, ...], whole: tuple[object, ...]) -> bool:
    rest = iter(whole)
    return all(any(item is other for other in rest) for item in part)


@given(tasks(), st.integers(1, 1200), st.booleans())
def test_pieces_are_whole_and_in_order_and_fit_if_anything_does(
    whole: Task, limit: int, think: bool
) -> None:
    counts = []

    async def count(prompt: Prompt) -> int:
        counts.append(prompt)
        return sum(len(message.content) for message in prompt.messages) // 3

    async def check() -> None:
        fitted, notes = await fit(whole, limit, count, think=think)
        assert len(counts) <= 12, "however many pieces there are"
        for kind in KINDS:
            assert is_subsequence(getattr(fitted.context, kind), getattr(whole.context, kind))
        for kind in ("tests", "arguments", "hot_lines"):
            assert is_subsequence(getattr(fitted, kind), getattr(whole, kind))
        assert fitted.context.imports in ("", whole.context.imports)
        assert len(notes) == (fitted != whole)
        bare = replace(whole, context=Context("", (), ""), tests=(), arguments=(), hot_lines=())
        assert await count(common(fitted, think)) <= limit or fitted == bare

    asyncio.run(check())


@pytest.mark.parametrize("intent", Intent)
async def test_all_first_prompts_begin_with_the_same_surroundings(intent: Intent) -> None:
    given = replace(crowded(), intent=intent)
    prompts = [
        Prompts(given).programmer(strategy, ()).messages[1].content
        for strategy in strategies(intent, given.function)
    ]
    surroundings = "\n\n".join(Prompts(given)._surroundings())
    assert "From other files:\n```python\n# shop/tax.py\nrate" in surroundings
    assert all(prompt.startswith(surroundings) for prompt in prompts)


def test_where_the_time_goes_is_told_behind_the_function() -> None:
    given = replace(task(), hot_lines=(HotLine(4, "for value in values:", 0.624, 50_000),))
    text = common(given).messages[-1].content
    assert "- 62% in `for value in values:`, run 50,000 times" in text
    assert text.index("The function `total`") < text.index("Where its time goes:")
