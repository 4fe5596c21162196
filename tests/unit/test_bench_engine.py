"""The benchmark of the engine without a model: traces, replays, figures, and children that die."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_support import FakeEvaluator, answer, run, verified

from orps_lsp.bench.engine.process import module, running
from orps_lsp.bench.engine.record import ALL_ROUNDS, Recorder
from orps_lsp.bench.engine.replay import replay
from orps_lsp.bench.engine.report import Replay, Report, Row, Server, Speeds
from orps_lsp.bench.engine.texts import LEAST, Quote, Text, Written, filled, quoting, shared
from orps_lsp.bench.engine.trace import SHIPPED, Trace, TracedRequest, needed
from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import Machine
from orps_lsp.cli import main
from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineCrashed,
    FinishReason,
    Message,
    Prompt,
    Sampling,
    Usage,
)
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.search.methods import METHODS, orps
from orps_lsp.search.types import Budget, StopReason

SYSTEM = Message("system", "You improve functions. " * 30)


def prompt(text: str, prefill: str = "") -> Prompt:
    return Prompt((SYSTEM, Message("user", f"Here is a function.\n{text}")), prefill)


def traced(text: str, *parts: str | Quote) -> tuple[tuple[str, Text], ...]:
    """The messages of :func:`prompt`, the user's with ``parts`` behind ``text``."""
    system, user = prompt(text).messages
    return (("system", (system.content,)), ("user", (user.content, *parts)))


def completion(text: str, *after: int, tokens: int = 3) -> TracedRequest:
    sampling = Sampling(seed=len(text))
    return TracedRequest("complete", traced(text), ("",), after, sampling, (), 9, tokens)


def choice(text: str, *after: int) -> TracedRequest:
    return TracedRequest("choose", traced(text), (), after, options=("1", "2"), prompt_tokens=9)


DIAMOND = Trace(
    (completion("a"), completion("bb"), choice("c", 0), completion("d", 1, 2), choice("e", 3)),
    {"function": "f", "seed": 0},
)


class Watched(ScriptedEngine):
    """Notes when each request begins and ends, and with which sampling it came."""

    def __init__(self, delays: dict[str, float] | None = None, dies_at: str = "") -> None:
        super().__init__(Script())
        self.events: list[tuple[str, str]] = []
        self.samplings: list[Sampling] = []
        self._delays = delays or {}
        self._dies_at = dies_at

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.samplings.append(sampling)
        await self._pass(prompt)
        usage = Usage(prompt=10, reused=4, generated=sampling.max_tokens)
        return Completion("text", FinishReason.LENGTH, usage)

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        await self._pass(prompt)
        return Choice((0.5, 0.5), Usage(prompt=10, reused=6))

    async def _pass(self, prompt: Prompt) -> None:
        name = prompt.messages[-1].content.splitlines()[-1]
        self.events.append(("begin", name))
        if name == self._dies_at:
            raise EngineCrashed("It died.")
        try:
            await asyncio.sleep(self._delays.get(name, 0))
        except asyncio.CancelledError:
            self.events.append(("cancelled", name))
            raise
        self.events.append(("end", name))


# -- traces

texts = st.text(max_size=40) | st.sampled_from(["def f():\n", "def f():\n    pass", "é" * 20, ""])
samplings = st.builds(
    Sampling,
    seed=st.integers(0, 2**40),
    temperature=st.sampled_from([0.0, 0.3, 0.8]),
    max_tokens=st.integers(1, 1024),
    stop=st.lists(texts, max_size=2).map(tuple),
)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    requests: list[TracedRequest] = []
    for number in range(draw(st.integers(0, 8))):
        after = tuple(sorted(draw(st.sets(st.integers(0, number - 1))))) if number else ()
        quotable = [n for n in after if requests[n].kind == "complete"]
        lengths = st.none() | st.integers(0, 2000)
        quotes = st.builds(Quote, st.sampled_from(quotable), lengths)
        parts = st.lists(texts | quotes if quotable else texts, max_size=3).map(tuple)
        messages = tuple(("user", draw(parts)) for _ in range(draw(st.integers(1, 3))))
        is_choice = draw(st.booleans())
        requests.append(
            TracedRequest(
                "choose" if is_choice else "complete",
                messages,
                draw(parts),
                after,
                Sampling() if is_choice else draw(samplings),
                tuple(draw(st.lists(texts, max_size=3))) if is_choice else (),
                draw(st.integers(0, 2000)),
                draw(st.integers(0, 2000)),
            )
        )
    return Trace(tuple(requests), {"model": draw(texts)})


@given(trace=traces())
def test_a_trace_comes_back_from_its_file_as_it_was(
    trace: Trace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("trace") / "trace.json"
    trace.save(path)
    assert Trace.load(path) == trace


def test_what_prompts_have_in_common_is_written_once(tmp_path: Path) -> None:
    Trace(tuple(completion("x" * 500 + str(number)) for number in range(20))).save(
        tmp_path / "trace.json"
    )
    assert (tmp_path / "trace.json").stat().st_size < 5000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 99, "about": {}, "texts": [], "requests": []}',
        '{"format": 1, "about": {}, "texts": [], "requests": []}',
        '{"format": 2, "about": {}, "texts": [], "requests": [{"kind": "complete"}]}',
        '{"format": 2, "about": {}, "texts": [], "requests": [{"kind": "complete", '
        '"messages": [], "prefill": [], "after": [0], "tokens": [1, 1], "sampling": {}}]}',
        '{"format": 2, "about": {}, "texts": [], "requests": [{"kind": "complete", '
        '"messages": [], "prefill": [0], "after": [], "tokens": [1, 1], "sampling": {}}]}',
        '{"format": 2, "about": {}, "texts": [], "requests": [{"kind": "embed", '
        '"messages": [], "prefill": [], "after": [], "tokens": [1, 1], "sampling": {}}]}',
    ],
)
def test_a_file_that_is_no_trace_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text(text)
    with pytest.raises(BenchError, match="cannot be read") as raised:
        Trace.load(path)
    assert "bench trace" in raised.value.advice


@pytest.mark.parametrize(
    "requests",
    [
        (completion("a"), replace(completion("b"), prefill=(Quote(0, 20),))),
        (choice("a"), replace(completion("b", 0), messages=traced("b", Quote(0, 20)))),
    ],
    ids=["not waited for", "a score"],
)
def test_a_trace_that_quotes_what_is_not_there_is_refused(
    requests: tuple[TracedRequest, ...], tmp_path: Path
) -> None:
    path = tmp_path / "trace.json"
    Trace(requests).save(path)
    with pytest.raises(BenchError, match="request 1 quotes what it does not wait for"):
        Trace.load(path)


def test_the_shipped_trace_is_a_whole_search_with_critics() -> None:
    trace = Trace.load(SHIPPED)
    assert SHIPPED.stat().st_size < 60_000
    assert (trace.about["candidates"], trace.about["rounds"]) == (20, 3)
    kinds = [request.kind for request in trace.requests]
    critiques = len(trace.requests) - 20 - kinds.count("choose")
    assert kinds.count("choose") == critiques > 0
    for request in trace.requests:
        if request.kind == "choose":
            assert request.quotes, "a score comes behind the critique"
            # Its own critique and the attempt: not those that had finished by chance.
            assert set(request.after) == {quote.answer for quote in request.quotes}


@given(edges=st.lists(st.sets(st.integers(0, 30)), max_size=12))
def test_the_reduced_dependencies_reach_all_that_were_there(edges: list[set[int]]) -> None:
    full = [{n for n in edge if n < number} for number, edge in enumerate(edges)]
    for number in range(len(full)):  # what had finished before an earlier one had finished as well
        full[number] |= {below for n in full[number] for below in full[n]}
    reduced: list[tuple[int, ...]] = []
    for finished in full:
        reduced.append(needed(finished, reduced))
    reach: list[set[int]] = []
    for direct in reduced:
        reach.append(set(direct) | {below for n in direct for below in reach[n]})
    assert reach == full
    assert all(
        not any(a in reach[b] for b in direct if b != a) for direct in reduced for a in direct
    )


# -- quotes

LONG = "    counts = {}\n    for order in orders:\n        counts[order] = 1"
LOOP = "    counts = {}\n    while orders:\n        counts[orders.pop()] = 1"


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("An attempt.", [LONG], ("An attempt.",)),
        ("", [LONG], ()),
        (LONG, [LONG], (Quote(0, len(LONG)),)),
        (f"def f():\n{LONG}\n```", [LONG], ("def f():\n", Quote(0, len(LONG)), "\n```")),
        (f"{LONG}, {LOOP}", [LOOP, LONG], (Quote(1, len(LONG)), ", ", Quote(0, len(LOOP)))),
        (f"{LONG}{LONG}", [LONG], (Quote(0, len(LONG)),) * 2),
        (f"{LONG}.", [LONG, LONG], (Quote(0, len(LONG)), ".")),
        ("It is. Then it", ["It is. Then", "too short"], ("It is. Then it",)),
        ("Because it is fast. Go on.", ["it is fast. And"], ("Because ", Quote(0, 12), "Go on.")),
    ],
)
def test_what_a_text_quotes(text: str, answers: list[str], expected: Text) -> None:
    assert quoting(text, [Written(n, answer) for n, answer in enumerate(answers)]) == expected


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("\n```", (Quote(0),)),
        ("", (Quote(0, len(LONG)),)),
        ("\n```\nIt ran.", (Quote(0, len(LONG)), "\n```\nIt ran.")),
        ("\n\nIt ran.", (Quote(0, len(LONG)), "\n\nIt ran.")),
    ],
)
def test_a_turn_of_the_conversation_is_quoted_with_its_stop_string(
    behind: str, expected: Text
) -> None:
    answer = Written(0, LONG, stops=("END", "\n```"))
    assert quoting(LONG + behind, [answer]) == expected
    cut = quoting(f"{LONG[:30]}!{behind}", [answer])
    assert cut == (Quote(0, 30), f"!{behind}"), "not after what was cut back"


def test_what_a_model_copied_is_not_quoted_from_it() -> None:
    header = "def f(orders: list[str]) -> None:\n"
    original = f"{header}    return None"
    copied, anew = original, f"{header}    counts = {{}}\n    pass"
    texts = enumerate((copied, anew, LONG))
    answers = [Written(n, text, shared(original, text)) for n, text in texts]
    assert quoting(f"The function: {original}", answers) == (f"The function: {original}",)
    # The first two begin as the text does, but what is new in it is the third's.
    assert quoting(header + LONG, answers) == (header, Quote(2, len(LONG)))


words = st.text("ab \n", max_size=40)


@given(pieces=st.lists(words, max_size=5), answers=st.lists(words, max_size=4))
def test_a_text_whose_quotes_are_filled_with_the_same_words_is_the_same(
    pieces: list[str], answers: list[str]
) -> None:
    text = "".join(part for pair in zip(pieces, [*answers, *pieces], strict=False) for part in pair)
    parts = quoting(text, [Written(n, answer, 0, ("\n",)) for n, answer in enumerate(answers)])
    ended = {n: f"{answer}\n" for n, answer in enumerate(answers)}
    assert filled(parts, ended) == text
    lengths = [part.length for part in parts if isinstance(part, Quote)]
    assert all(length is None or length >= LEAST for length in lengths)
    literals = [part for part in parts if isinstance(part, str)]
    assert not any(len(a) >= LEAST and a in literal for a in answers for literal in literals)


# -- recording


async def test_a_task_waits_for_what_was_there_when_it_began_and_then_for_itself() -> None:
    recorder = Recorder(Watched({"slow": 0.05, "never": 60.0}))

    async def chat(*names: str) -> None:
        for name in names:
            await recorder.complete(prompt(name), Sampling(seed=5))
        await recorder.choose(prompt(f"score {names[-1]}"), ["1", "2"])

    never = asyncio.create_task(recorder.complete(prompt("never"), Sampling()))
    await asyncio.gather(chat("slow"), chat("quick", "again"))
    await asyncio.create_task(recorder.complete(prompt("last"), Sampling(max_tokens=7)))
    never.cancel()
    await asyncio.gather(never, return_exceptions=True)

    requests = recorder.requests()
    names = [r.prompt({}).messages[-1].content.splitlines()[-1] for r in requests]
    assert names == ["slow", "quick", "again", "score again", "score slow", "last"]
    # All of the second chat had finished when the first one's score was asked for, by chance.
    assert [r.after for r in requests] == [(), (), (1,), (2,), (0,), (3, 4)]
    assert [r.kind for r in requests[2:5]] == ["complete", "choose", "choose"]
    assert requests[5].generated == 7
    assert requests[1].sampling.seed == 5
    assert requests[3].options == ("1", "2")


class Parrot(Watched):
    """Always says the same."""

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        usage = (await super().complete(prompt, sampling)).usage
        return Completion("it does the same.", FinishReason.STOP, usage)


async def test_a_task_goes_on_from_its_own_answer_even_where_another_was_the_same() -> None:
    recorder = Recorder(Parrot())

    async def review(text: str) -> str:
        said = (await recorder.complete(prompt(text), Sampling())).text
        await recorder.choose(prompt(text, f"{said} Score: "), ["1", "2"])
        return said

    said = await asyncio.create_task(review("a"))
    await asyncio.create_task(review(f"After {said}"))
    _, first, second, last = recorder.requests()
    assert first.prefill == (Quote(0, len(said)), " Score: ")
    assert second.messages[-1][1][-1] == last.messages[-1][1][-1] == Quote(0, len(said))
    assert last.prefill == (Quote(2, len(said)), " Score: ")
    assert last.after == (0, 2)


class Talkative(Watched):
    """Writes by the seed alone, the stop strings too where it is not stopped. Notes the prompts."""

    def __init__(self, voice: str = "counts") -> None:
        super().__init__()
        self.voice = voice
        self.prompts: list[tuple[str, int, Prompt]] = []

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        critic = sampling.temperature == 0.3
        self.prompts.append(("critique" if critic else "version", sampling.seed, prompt))
        await asyncio.sleep(0.001 * (sampling.seed % 3))
        text = f"    {self.voice}_{sampling.seed} = sum(values)\n    return {self.voice}\n```"
        if critic:
            text = f" says {self.voice} number {sampling.seed} at once. It is what they"
        for stop in sampling.stop:
            text = text.partition(stop)[0]
        return Completion(text, FinishReason.STOP, Usage(prompt=10, generated=12))

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        self.prompts.append(("score", 0, prompt))
        return await super().choose(prompt, options)

    def seen(self) -> list[str]:
        return sorted(map(repr, self.prompts))


async def recorded(engine: Talkative) -> Trace:
    """A whole search, in which every second version is faster."""
    recorder = Recorder(engine)
    verdicts = {f"_{seed} ": verified(speedup=2.0 + seed) for seed in range(0, 20, 2)}
    outcome = await run(Script(), FakeEvaluator(verdicts), engine=recorder)  # type: ignore[arg-type]
    assert len(outcome.candidates) == 12
    return Trace(recorder.requests())


async def test_a_recorded_search_quotes_every_version_and_critique_it_shows(
    tmp_path: Path,
) -> None:
    engine = Talkative()
    (await recorded(engine)).save(tmp_path / "trace.json")
    trace = Trace.load(tmp_path / "trace.json")
    kinds = [kind for kind, _, _ in engine.prompts]
    assert set(kinds) == {"version", "critique", "score"}
    for request, kind in zip(trace.requests, kinds, strict=True):
        quoted = [kinds[quote.answer] for quote in request.quotes]
        if kind == "critique":
            assert quoted == ["version"]
        elif kind == "score":
            assert quoted == ["version", "critique"]
            assert len(request.after) == 2
    deep = [r for r, kind in zip(trace.requests, kinds, strict=True) if kind == "version"][-1]
    assert {kinds[quote.answer] for quote in deep.quotes} == {"version", "critique"}
    literals = {part for r in trace.requests for _, text in r.messages for part in text} | {
        part for r in trace.requests for part in r.prefill
    }
    assert not any("counts_" in part for part in literals if isinstance(part, str))


async def test_a_replay_with_the_same_words_asks_the_same() -> None:
    engine, again = Talkative(), Talkative()
    await replay(again, await recorded(engine))
    assert again.seen() == engine.seen()


async def test_a_replay_quotes_what_was_written_in_it() -> None:
    engine, other = Talkative("counts"), Talkative("groups")
    await replay(other, await recorded(engine))
    assert other.seen() == [text.replace("counts", "groups") for text in engine.seen()]


async def test_a_quote_is_cut_to_its_recorded_length() -> None:
    engine = Watched()
    first = completion("a")
    second = replace(completion("b", 0), messages=traced("b", Quote(0, 2), "."))
    third = replace(completion("c", 0), messages=traced("c", Quote(0, 99), "."))
    await replay(engine, Trace((first, second, third)))
    assert [name for kind, name in engine.events if kind == "end"] == ["a", "bte.", "ctext."]


async def test_all_rounds_are_searched_where_orps_would_have_converged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(METHODS, ALL_ROUNDS, partial(orps.run, converge=False))
    script = Script(answers=(answer("return sum(values)"),))
    verdicts = {"return sum": verified(speedup=2.0)}
    budget = Budget(seconds=30, rounds=4)
    usual = await run(script, FakeEvaluator(verdicts), budget=budget)
    whole = await run(script, FakeEvaluator(verdicts), budget=budget, method=ALL_ROUNDS)
    assert usual.stop_reason is StopReason.CONVERGED
    assert whole.stop_reason is StopReason.BUDGET_ROUNDS
    assert {c.round for c in whole.candidates} == {1, 2, 3, 4}
    assert whole.refinements


# -- replaying


async def test_no_request_is_replayed_before_what_it_waits_for() -> None:
    engine = Watched({"a": 0.03, "bb": 0.01})
    result = await replay(engine, DIAMOND)
    order = engine.events.index
    assert order(("begin", "bb")) < order(("end", "a")), "independent requests run together"
    names = ["a", "bb", "c", "d", "e"]
    for number, request in enumerate(DIAMOND.requests):
        for earlier in request.after:
            assert order(("end", names[earlier])) < order(("begin", names[number]))
    assert sorted(name for kind, name in engine.events if kind == "end") == names
    assert result.usage == Usage(prompt=50, reused=24, generated=9)
    assert result.seconds > 0


async def test_a_replay_forces_the_recorded_lengths() -> None:
    engine = Watched()
    stopped = Sampling(seed=3, max_tokens=500, stop=("\n",), temperature=0.3)
    request = TracedRequest("complete", traced("x"), (), (), stopped, (), 9, 41)
    await replay(engine, Trace((request,)))
    assert engine.samplings == [Sampling(seed=3, max_tokens=41, temperature=0.3, ignore_eos=True)]


async def test_a_crash_ends_the_replay_and_the_requests_in_flight() -> None:
    engine = Watched({"a": 60.0}, dies_at="bb")
    with pytest.raises(EngineCrashed):
        await asyncio.wait_for(replay(engine, DIAMOND), 10)
    assert ("cancelled", "a") in engine.events
    assert ("begin", "d") not in engine.events


# -- figures


def test_a_ratio_is_the_median_of_neighbours() -> None:
    ours, limit = Speeds((10.0, 1.0, 30.0)), Speeds((20.0, 2.0, 40.0))
    assert ours.median == 10.0
    assert limit.median == 20.0
    assert ours.over(limit) == 0.5
    # The second measurement was disturbed for both: the ratio of medians would not notice it.
    assert Speeds((9.0, 1.0)).over(Speeds((10.0, 1.25))) == pytest.approx(0.85)


def report(*, busy: float = 0.0, external: bool = True) -> Report:
    three = Speeds((1.0, 2.0, 3.0))
    return Report(
        model="m",
        threads=2,
        repeat=3,
        tokens=64,
        prompt=three,
        limit_prompt=Speeds((2.0, 4.0, 6.0)),
        sequences={
            1: Row(three, Speeds((1.0, 2.5, 4.0)), three if external else Speeds()),
            16: Row(three, three),
        },
        naive=three,
        replay=Replay(Speeds((0.1,)), Speeds((0.025,)), 40, 1000, 900, 200),
        server=Server(three, Speeds((0.5, 1.0, 1.5))) if external else None,
        machine=Machine("a cpu", 2, 0.1, busy),
        date="2025-01-01T00:00:00+00:00",
        llama_cpp="llama-cpp-python 0",
    )


def test_the_json_of_a_report() -> None:
    data = json.loads(json.dumps(report().to_json()))
    assert data["sequences"]["1"] == {
        "ours_tps": 2.0,
        "limit_tps": 2.5,
        "ratio": 0.8,
        "batched_bench_tps": 2.0,
    }
    assert data["sequences"]["16"] == {"ours_tps": 2.0, "limit_tps": 2.0, "ratio": 1.0}
    assert (data["prompt_tps"], data["limit_prompt_tps"], data["naive_tps"]) == (2.0, 4.0, 2.0)
    assert data["replay"] == {
        "ours_s": 10.0,
        "naive_s": 40.0,
        "speedup": 4.0,
        "reused_share": 0.9,
        "requests": 40,
        "prompt_tokens": 1000,
        "generated_tokens": 200,
    }
    assert data["server"] == {"server_tps": 1.0, "ours_tps": 2.0, "ratio": 2.0}
    assert data["machine"]["cores"] == 2
    assert not data["machine"]["busy"]
    assert {"model", "threads", "date", "llama_cpp"} <= data.keys()
    assert "server" not in report(external=False).to_json()
    assert report(busy=50.0).to_json()["machine"]["busy"]


def test_a_report_reads_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    from orps_lsp.cli.bench.engine import show

    show(report())
    text = capsys.readouterr().out
    assert "16 sequences" in text
    assert "4.00 times as fast" in text
    assert "90% of 1000 prompt tokens" in text


# -- children

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
DIES = "import os, sys\nprint('out of luck', file=sys.stderr)\nos.kill(os.getpid(), {})"


async def test_a_child_answers_and_is_gone_after_the_block() -> None:
    async with running("child", sys.executable, "-c", ECHO) as child:
        assert await child.ask("hello", value=1) == {"op": "hello", "value": 1}
        assert child.running
        pid = child.pid
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (DIES.format(11), r"signal 11 \(SIGSEGV\): out of luck"),
        (DIES.format(4), r"signal 4 \(SIGILL\): out of luck"),
        ("raise SystemExit(3)", "status 3"),
        ('print(\'{"error": "no memory"}\', flush=True); input()', "no memory"),
    ],
)
async def test_what_befalls_a_child_is_told(code: str, expected: str) -> None:
    with pytest.raises(BenchError, match=f"limit child .*{expected}"):
        async with running("limit child", sys.executable, "-c", code) as child:
            await child.ask("decode")


async def test_a_child_ends_when_the_measurement_is_cancelled() -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def measure() -> None:
        async with running("child", sys.executable, "-c", "import time; time.sleep(60)") as child:
            started.set_result(child.pid)
            await child.ask("decode")

    task = asyncio.create_task(measure())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(pid)


async def test_the_guard_passes_on_what_its_program_prints_and_how_it_ends() -> None:
    code = "print('a line', flush=True); import sys; print('why', file=sys.stderr); sys.exit(7)"
    async with running("program", *module("guard"), sys.executable, "-c", code) as child:
        assert await child.line() == "a line\n"
        assert await child.line() == ""
        assert str(await child.death()) == "The program ended with status 7: why."


async def test_the_guard_ends_its_program_with_itself() -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    async with running("program", *module("guard"), sys.executable, "-c", code) as child:
        pid = int(await child.line())
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)


async def test_a_program_that_cannot_be_started_is_told() -> None:
    with pytest.raises(BenchError, match=r"status 127.*No such file"):
        async with running("program", *module("guard"), "/nowhere/llama-server") as child:
            assert await child.line() == ""
            raise await child.death()


# -- the command


@pytest.mark.parametrize(
    "arguments",
    [
        ["bench"],
        ["bench", "engine", "--sequences", "1,none"],
        ["bench", "engine", "--tokens", "1"],
        ["bench", "engine", "--repeat", "0"],
        ["bench", "engine", "--llama-server", "/nowhere/llama-server"],
        ["bench", "trace", "file.py::f"],
    ],
)
def test_wrong_usage_is_told_at_once(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


def test_wrong_values_are_told_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "engine", "--trace", str(tmp_path / "none.json")]) == 1
    assert main(["bench", "engine", "--out", str(tmp_path / "no" / "folder.json")]) == 2
    assert main(["bench", "trace", "file.py", "--out", str(tmp_path / "t.json")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "cannot be read" in captured.err
    assert "names no function" in captured.err
