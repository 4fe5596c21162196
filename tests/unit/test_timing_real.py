"""Versions timed by the real worker in a real sandbox."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from orps_lsp.config import Settings
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project import interpreter
from orps_lsp.evaluation.protocol import Speedup, Target
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import costs, pairs, scale
from orps_lsp.evaluation.timing.rounds import Unmeasurable
from orps_lsp.evaluation.timing.scale import Grown
from orps_lsp.evaluation.timing.work import Work, choose

PATH = "core.py"


@asynccontextmanager
async def opened(root: Path, source: str, calls: Sequence[tuple[Any, ...]]) -> AsyncIterator[Lab]:
    """Give the worker calls of ``source``'s function ``f`` with these positional arguments."""
    file = root / PATH
    file.write_text(source, encoding="utf-8")
    python = await interpreter.find(root, "")
    box = await sandbox.choose(Settings().sandbox)
    if box.name == "none":
        pytest.skip("no sandbox works here, and these versions attack")
    session = Session(Target(root, file, "f", source), python, box, Limits())
    try:
        await session.set_inputs([pickle.dumps((args, {}), protocol=4) for args in calls])
        yield Lab(session, len(calls))
    finally:
        await session.close()


@dataclass
class Lab:
    """A session in which versions are timed against its target's."""

    session: Session
    calls: int

    def job(self, source: str) -> dict[str, Any]:
        return self.session.host_job(source, "core", [str(self.session.target.workspace)])

    async def costs(self) -> dict[int, int]:
        job = self.job(self.session.target.source)
        return await costs.profile(await self.session.worker(), job, range(self.calls))

    async def work(self) -> Work:
        work = choose(await self.costs(), {})
        assert work is not None
        return work

    async def time(self, candidate: str, work: Work) -> tuple[Speedup, str]:
        worker = await self.session.worker()
        original = self.job(self.session.target.source)
        return await pairs.time_pairs(worker, original, self.job(candidate), work)

    async def grown(self) -> Grown | None:
        job = self.job(self.session.target.source)
        return await scale.find(await self.session.worker(), job, await self.costs())


def loop(steps: int, before: str = "", after: str = "return total") -> str:
    """Return a function whose loop runs ``steps`` times."""
    lines = f"total = 0\nfor i in range({steps}):\n    total += i * seed % 7\n{after}"
    return "def f(seed):\n" + indent(f"{dedent(before)}\n{lines}".strip(), "    ") + "\n"


def halved(source: str) -> str:
    return source.replace("5000", "2500")


PATCHES = """
import base64, gc, json, os, pickle, resource, time, tracemalloc
time.process_time_ns = time.perf_counter_ns = time.thread_time_ns = lambda: 0
time.clock_gettime_ns = lambda _: 0
gc.collect = gc.disable = gc.enable = lambda *_: 0
json.dumps = json.loads = pickle.dumps = pickle.loads = base64.b64encode = None
resource.getrusage = os.sched_setaffinity = os.write = None
tracemalloc.start = tracemalloc.get_traced_memory = None
"""
REMEMBERS = "seen = {}\n" + loop(
    5000, "if seed in seen:\n    return seen[seed]", "seen[seed] = total\nreturn total"
)
FORGES = (
    "import sys\n"
    "def clock():\n"
    "    module = sys.modules['_orps_worker.calls.clock']\n"
    "    real = module._cpu_ns\n"
    "    module._cpu_ns = lambda: real() // 2\n"
    + loop(5000, "if not hasattr(sys, 'forged'):\n    sys.forged = clock()")
)
BUILDS = "table = []\n" + halved(loop(5000, "if not table:\n    table.extend(range(2_000_000))"))
THREADED = (
    "import threading\n"
    "def f(seed):\n"
    "    out = []\n"
    "    thread = threading.Thread(target=lambda: out.append(work(seed)))\n"
    "    thread.start()\n"
    "    thread.join()\n"
    "    return out[0]\n" + loop(5000).replace("def f", "def work")
)
WAITS = "import time\ndef f(seed):\n    time.sleep({seconds})\n    return seed\n"
COROUTINE = "import asyncio\nasync " + loop(5000, "await asyncio.sleep(0)")
GENERATOR = loop(5000).replace("return", "yield")
ASYNC_GENERATOR = "async " + GENERATOR
CONSUMES = """
def f(items):
    while items:
        items.pop()
"""


@dataclass(frozen=True)
class Case:
    original: str
    candidate: str
    faster: bool
    clock: str = "cpu"  # "": either
    note: str = ""
    argument: Any = 3
    other: Any = 4


CASES = {
    "half the work": Case(loop(5000), loop(2500), True),
    "a clone": Case(loop(5000), loop(5000), False),
    "patched modules": Case(loop(5000), PATCHES + loop(5000), False),
    "remembers": Case(loop(5000), REMEMBERS, False, note="only in calls that it was given before"),
    "builds a table once": Case(loop(5000), BUILDS, True),
    "works in a thread": Case(loop(5000), THREADED, False, clock=""),
    "waits less": Case(WAITS.format(seconds=0.008), WAITS.format(seconds=0.004), True, "wall"),
    "waits instead": Case(loop(5000), WAITS.format(seconds=0.004), False, "wall"),
    "coroutine": Case(COROUTINE, halved(COROUTINE), True),
    "generator": Case(GENERATOR, halved(GENERATOR), True),
    "generator's clone": Case(GENERATOR, GENERATOR, False),
    "asynchronous generator": Case(ASYNC_GENERATOR, halved(ASYNC_GENERATOR), True),
    "consumes its argument": Case(
        CONSUMES, CONSUMES, False, argument=list(range(5000)), other=list(range(4000))
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_only_a_real_gain_is_claimed(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    calls = [(case.argument,), (case.other,)]
    async with opened(tmp_path, case.original, calls) as lab:
        speedup, note = await lab.time(case.candidate, await lab.work())
    assert speedup.claimed is case.faster
    assert not case.clock or speedup.clock == case.clock
    assert case.note in note
    if case.faster:
        assert speedup.median == pytest.approx(2, rel=0.3)


async def test_a_forged_clock_is_found_out(tmp_path: Path) -> None:
    async with opened(tmp_path, loop(5000), [(3,)]) as lab:
        with pytest.raises(Unmeasurable, match="cannot be trusted"):
            await lab.time(FORGES, await lab.work())


async def test_a_version_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "PATIENCE", 2.0)
    async with opened(tmp_path, loop(5000), [(3,)]) as lab:
        with pytest.raises(Unmeasurable, match="did not end in time"):
            await lab.time("def f(seed):\n    while True:\n        pass\n", await lab.work())


DUPLICATES = """
def f(items):
    found = []
    for n, item in enumerate(items):
        if item in items[:n] and item not in found:
            found.append(item)
    return found
"""
PICKY = """
def f(n, text):
    if n > 40 or len(text) > 3:
        raise ValueError(n)
    return n
"""


async def test_small_inputs_grow_until_they_show_what_the_function_costs(tmp_path: Path) -> None:
    calls = [([1, 2, 1],), (["b", "a", "b"],), ([],)]
    async with opened(tmp_path, DUPLICATES, calls) as lab:
        grown = await lab.grown()
    assert grown is not None
    assert scale.ENOUGH_NS <= grown.cost <= scale.TOO_MUCH_NS
    lengths = {len(pickle.loads(data)[0][0]) for data in grown.inputs}
    assert lengths == {3 * grown.factor}


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("def f(a, b):\n    return a + b\n", (7, 2)),
        (PICKY, (4, "ab")),
        (loop(5000), (3,)),
    ],
    ids=["size does not matter", "raises on larger ones", "large enough"],
)
async def test_inputs_that_need_not_or_cannot_grow_stay(
    source: str, call: tuple[Any, ...], tmp_path: Path
) -> None:
    async with opened(tmp_path, source, [call]) as lab:
        assert await lab.grown() is None


async def test_growth_stops_before_a_call_takes_too_long(tmp_path: Path) -> None:
    fibonacci = "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n"
    async with opened(tmp_path, fibonacci, [(6,)]) as lab:
        grown = await lab.grown()
    assert grown is not None
    assert grown.cost <= scale.TOO_MUCH_NS
    assert pickle.loads(grown.inputs[0]) == ((6 * grown.factor,), {})
