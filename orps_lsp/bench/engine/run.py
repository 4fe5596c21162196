"""Measure the engine beside its rivals, in turn, so that a restless machine hits them all alike."""

from __future__ import annotations

import asyncio
import importlib.metadata
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from orps_lsp import models
from orps_lsp.bench.engine import external
from orps_lsp.bench.engine.process import Child, module, running
from orps_lsp.bench.engine.replay import Replayed, forced, replay
from orps_lsp.bench.engine.report import Replay, Report, Row, Server, Speeds
from orps_lsp.bench.engine.texts import Text
from orps_lsp.bench.engine.trace import Trace, TracedRequest, quoted
from orps_lsp.bench.engine.workload import sampling, short_prompt, unread_prompt
from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import survey
from orps_lsp.config import Settings
from orps_lsp.llm import create_engine
from orps_lsp.llm.llama_cpp.client import ENVIRONMENT
from orps_lsp.llm.protocol import Engine, Prompt

_UNREAD_TOKENS = 512
_SPARE = 64  # tokens of context: templates and rounding
Json = dict[str, Any]
Say = Callable[[str], None]
Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. ``replays`` 0 leaves the trace out; programs that are None are left out."""

    settings: Settings
    trace: Trace
    sequences: tuple[int, ...] = (1, 4, 8, 16, 32)
    repeat: int = 3
    tokens: int = 64
    replays: int = 1
    batched_bench: Path | None = None
    llama_server: Path | None = None


@dataclass(frozen=True, slots=True)
class _Setup:
    """What all of them share: the same file, the same threads, the same layers on the GPU."""

    settings: Settings
    model: Path
    name: str

    @property
    def options(self) -> Json:
        """Of every child's ``load``."""
        return {"model": str(self.model), **self.limits}

    @property
    def limits(self) -> Mapping[str, int]:
        return {"threads": self.settings.threads, "gpu_layers": self.settings.gpu_layers}

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """A fresh engine of ours, loaded, with nothing cached: neither in memory nor on disk."""
        with tempfile.TemporaryDirectory(prefix="orps-bench-") as folder:
            engine = create_engine(self.settings, Path(folder))
            try:
                await engine.start()
                yield engine
            finally:
                await engine.close()


async def run(plan: Plan, say: Say) -> Report:
    """Measure everything in ``plan``; ``say`` hears what is being done.

    Raises:
        BenchError: a child died or could not do what it was told, or the plan does not fit.
        EngineError, ModelError: as the engine raises them.
    """
    setup = _setup(plan.settings)
    machine = await asyncio.to_thread(survey)
    if machine.busy:
        say(
            f"warning: the machine is busy (load {machine.load_before}, {machine.busy_percent:.0f} "
            "% of the cores in use): the figures are worth less"
        )
    async with AsyncExitStack() as outer:
        naive = await outer.enter_async_context(running("naive child", *module("naive")))
        async with AsyncExitStack() as stack:
            say("loading the model")
            engine = await stack.enter_async_context(setup.engine())
            # What it shows is what our code costs: how threads wait is the same as in the engine.
            limit = await stack.enter_async_context(
                running("limit child", *module("limit"), environment=ENVIRONMENT)
            )
            await _check_room(plan, engine)
            await _load(plan, setup, engine, limit, naive)
            bench = _Bench(plan, setup, engine, limit, naive, say)
            await bench.warm_up()
            rows, alone = await bench.decode()
            prompt, limit_prompt = await bench.read()
            server = await bench.serve()
        replayed = await _replays(plan, setup, naive, say) if plan.replays else None
    return Report(
        model=setup.name,
        threads=setup.settings.threads,
        repeat=plan.repeat,
        tokens=plan.tokens,
        prompt=prompt,
        limit_prompt=limit_prompt,
        sequences=rows,
        naive=alone,
        replay=replayed,
        server=server,
        machine=machine,
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        llama_cpp=f"llama-cpp-python {importlib.metadata.version('llama-cpp-python')}",
    )


def _setup(settings: Settings) -> _Setup:
    if settings.engine != "llama_cpp":
        raise BenchError(
            f"The engine '{settings.engine}' cannot be measured.", "Use --engine llama_cpp."
        )
    resolved = models.resolve(settings.model)
    threads = settings.threads or psutil.cpu_count(logical=False) or 1
    return _Setup(replace(settings, threads=threads), resolved.path, resolved.name)


async def _check_room(plan: Plan, engine: Engine) -> None:
    """All sequences must run at once, else a figure would be about something else."""
    info = await engine.start()
    need = await _room(plan, engine, max(plan.sequences))
    if need > info.context:
        raise BenchError(
            f"{max(plan.sequences)} sequences need {need} tokens of context, {info.context} are "
            "there.",
            "Give a larger --context, or smaller --sequences.",
        )


async def _room(plan: Plan, engine: Engine, sequences: int) -> int:
    """Tokens of context that ``sequences`` need behind one shared prompt."""
    return await engine.count_tokens(short_prompt()) + sequences * plan.tokens


async def _load(plan: Plan, setup: _Setup, engine: Engine, limit: Child, naive: Child) -> None:
    """Let the children load the model, with as much context as they will need."""
    room = await _room(plan, engine, max(plan.sequences))
    await limit.ask(
        "load",
        **setup.options,
        context=max(room, _UNREAD_TOKENS) + _SPARE,
        sequences=max(plan.sequences),
    )
    lengths = [await _room(plan, engine, 1)]
    if plan.replays:
        for request in plan.trace.requests:
            lengths.append(await _length(engine, request, plan.trace.requests))
    await naive.ask("load", **setup.options, context=max(lengths) + _SPARE)


async def _length(engine: Engine, request: TracedRequest, requests: Sequence[TracedRequest]) -> int:
    """Tokens that a request of a trace may take, whatever the model will write."""
    answers = [quote.answer for quote in request.quotes]
    unfilled = await engine.count_tokens(request.prompt(dict.fromkeys(answers, "")))
    # A text that was drawn token by token can be a few tokens longer when it is read.
    return unfilled + 2 * sum(requests[n].generated for n in answers) + max(1, request.generated)


@dataclass(frozen=True, slots=True)
class _Bench:
    """The parts of a run that share one loaded engine."""

    plan: Plan
    setup: _Setup
    engine: Engine
    limit: Child
    naive: Child
    say: Say

    async def warm_up(self) -> None:
        """Read the shared prompt, touch all weights, start all threads."""
        self.say("warming up")
        await self._ours(1)
        await self._limit(1)
        await self._naive()

    async def decode(self) -> tuple[dict[int, Row], Speeds]:
        """Decode tokens/s by the number of sequences, and those of the naive way."""
        rows: dict[int, Row] = {}
        naive = Speeds()
        for count in self.plan.sequences:
            contenders: dict[str, Measure] = {
                "ours": partial(self._ours, count),
                "limit": partial(self._limit, count),
            }
            if self.plan.batched_bench:
                contenders["batched-bench"] = partial(self._batched, count)
            if not naive.values:
                contenders["naive"] = self._naive
            speeds = await self._in_turn(f"{count} sequences", contenders)
            naive = speeds.get("naive", naive)
            rows[count] = Row(
                speeds["ours"], speeds["limit"], speeds.get("batched-bench", Speeds())
            )
        return rows, naive

    async def read(self) -> tuple[Speeds, Speeds]:
        """Prompt tokens/s of ours and of the limit, nothing being cached."""
        speeds = await self._in_turn(
            "reading a prompt", {"ours": self._ours_reading, "limit": self._limit_reading}
        )
        return speeds["ours"], speeds["limit"]

    async def serve(self) -> Server | None:
        """Whole requests beside llama-server, each time with a prompt that is new to both."""
        program = self.plan.llama_server
        if program is None:
            return None
        self.say("starting llama-server")
        room = await _room(self.plan, self.engine, 1)
        samplings = [sampling(seed, self.plan.tokens) for seed in range(external.SLOTS)]
        total = external.SLOTS * self.plan.tokens

        async def ours() -> float:
            _, seconds = await _together(
                self.engine, short_prompt(fresh=True), external.SLOTS, self.plan.tokens
            )
            return total / seconds

        async with external.server(
            program, self.setup.model, tokens=room, **self.setup.limits
        ) as server:

            async def theirs() -> float:
                seconds = await server.seconds(short_prompt(fresh=True), samplings)
                return total / seconds

            await theirs()  # its own warm-up is an empty run
            speeds = await self._in_turn("16 whole requests", {"ours": ours, "server": theirs})
        return Server(speeds["ours"], speeds["server"])

    async def _in_turn(self, what: str, contenders: Mapping[str, Measure]) -> dict[str, Speeds]:
        """Measure each one ``repeat`` times, one after another; the order turns round each time."""
        found: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(self.plan.repeat):
            names = list(contenders)
            for name in names if number % 2 == 0 else reversed(names):
                found[name].append(await contenders[name]())
            figures = ", ".join(f"{name} {values[-1]:.1f}" for name, values in found.items())
            self.say(f"{what}, {number + 1}/{self.plan.repeat}: {figures} tokens/s")
        return {name: Speeds(tuple(values)) for name, values in found.items()}

    async def _ours(self, count: int) -> float:
        seconds, _ = await _together(self.engine, short_prompt(), count, self.plan.tokens)
        return count * (self.plan.tokens - 1) / seconds

    async def _limit(self, count: int) -> float:
        prompt = await self.engine.count_tokens(short_prompt())
        answer = await self.limit.ask(
            "decode", prompt=prompt, sequences=count, steps=self.plan.tokens
        )
        return count * self.plan.tokens / float(answer["seconds"])

    async def _batched(self, count: int) -> float:
        assert self.plan.batched_bench
        return await external.batched_bench(
            self.plan.batched_bench,
            self.setup.model,
            prompt=await self.engine.count_tokens(short_prompt()),
            tokens=self.plan.tokens,
            sequences=count,
            environment=ENVIRONMENT,
            **self.setup.limits,
        )

    async def _naive(self) -> float:
        """Its prompt is cached but for one token, so that there are as many steps as tokens."""
        request = _completion(short_prompt(), self.plan.tokens)
        answer = await self.naive.ask("complete", request=request)
        return float(answer["generated"] / answer["seconds"])

    async def _ours_reading(self) -> float:
        prompt = await unread_prompt(self.engine, _UNREAD_TOKENS)
        started = time.perf_counter()
        completion = await self.engine.complete(prompt, sampling(0, 1))
        seconds = time.perf_counter() - started
        return (completion.usage.prompt - completion.usage.reused) / seconds

    async def _limit_reading(self) -> float:
        answer = await self.limit.ask("prompt", tokens=_UNREAD_TOKENS)
        return _UNREAD_TOKENS / float(answer["seconds"])


async def _together(engine: Engine, prompt: Prompt, count: int, tokens: int) -> tuple[float, float]:
    """Complete ``prompt`` ``count`` times at once.

    Returns the seconds from the first generated token to the last, and those of the whole.

    Raises:
        BenchError: an answer has not the length asked for.
    """
    started = time.perf_counter()
    completions = await asyncio.gather(
        *(engine.complete(prompt, sampling(seed, tokens)) for seed in range(count))
    )
    wall = time.perf_counter() - started
    for completion in completions:
        if completion.usage.generated != tokens:
            raise BenchError(
                f"The engine wrote {completion.usage.generated} tokens instead of {tokens}."
            )
    return max(completion.seconds for completion in completions), wall


async def _replays(plan: Plan, setup: _Setup, naive: Child, say: Say) -> Replay:
    """The recorded search by both, in turn; ours starts with a fresh engine each time."""
    requests = [_request(request) for request in plan.trace.requests]
    ours: list[Replayed] = []
    theirs: list[Json] = []
    for number in range(plan.replays):
        async with setup.engine() as engine:
            say(f"replaying {len(requests)} requests, {number + 1}/{plan.replays}: ours")
            ours.append(await replay(engine, plan.trace))
        say(f"{ours[-1].seconds:.1f} s; now the naive way")
        theirs.append(await naive.ask("replay", requests=requests))
        say(f"{theirs[-1]['seconds']:.1f} s")
        if theirs[-1]["generated"] != ours[-1].usage.generated:
            raise BenchError(
                f"The two replays wrote {ours[-1].usage.generated} and "
                f"{theirs[-1]['generated']} tokens: they cannot be compared."
            )
    usage = ours[-1].usage
    return Replay(
        ours=Speeds(tuple(1 / run.seconds for run in ours)),
        naive=Speeds(tuple(1 / float(run["seconds"]) for run in theirs)),
        requests=len(requests),
        prompt_tokens=usage.prompt,
        reused_tokens=usage.reused,
        generated_tokens=usage.generated,
    )


def _completion(prompt: Prompt, tokens: int) -> Json:
    return {"prompt": asdict(prompt), "sampling": asdict(sampling(0, tokens))}


def _request(request: TracedRequest) -> Json:
    """As the naive child's ``replay`` takes it: texts in parts."""
    prompt = {
        "messages": [{"role": role, "content": _parts(text)} for role, text in request.messages],
        "prefill": _parts(request.prefill),
    }
    if request.kind == "choose":
        return {"prompt": prompt, "options": list(request.options)}
    return {"prompt": prompt, "sampling": asdict(forced(request))}


def _parts(text: Text) -> list[str | Json]:
    return [part if isinstance(part, str) else quoted(part) for part in text]
