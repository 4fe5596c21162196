"""One refinement from request to outcome: the parts put together, for server and command line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from orps_lsp.aside import Aside
from orps_lsp.config import Settings
from orps_lsp.errors import OrpsError
from orps_lsp.evaluation.evaluator import open_evaluator
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import (
    Baseline,
    InterpreterError,
    Target,
    TestsListener,
    TestsProgress,
)
from orps_lsp.llm.protocol import Engine
from orps_lsp.search.core import Options
from orps_lsp.search.prompts import Task
from orps_lsp.search.run import search
from orps_lsp.search.types import Budget, Intent, Outcome, Part, Progress, ProgressListener
from orps_lsp.source.context import collect
from orps_lsp.source.locate import Function, SourceError, check_refinable, find
from orps_lsp.workspace.surroundings import Question, Surroundings, look

_TESTS_SHOWN = {Intent.FIX: 8, Intent.OPTIMISE: 2, Intent.SIMPLIFY: 4}
_LINES_SHOWN = 30  # of one test; a longer one would crowd out the function
_REPORT_SECONDS = 1.0  # between two reports of how far the tests are
_T = TypeVar("_T")


class RefineError(OrpsError):
    """The request makes no sense for this function."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to refine. ``source`` is the text as the user sees it, unsaved edits included.

    ``intent`` None means: fix what fails its tests or is a stub, else optimise.
    """

    workspace: Path
    file: Path
    source: str
    qualname: str
    intent: Intent | None = None


async def refine(
    request: Request,
    settings: Settings,
    engine: Engine,
    *,
    stop: asyncio.Event,
    listen: ProgressListener,
    without: frozenset[Part] = frozenset(),
) -> Outcome:
    """Search for better versions of one function.

    Setting ``stop`` ends the search and keeps what was found. The engine stays the caller's.
    ``without`` names parts of the search that are left out, to measure what they are worth.

    Raises:
        OrpsError: the function, the tests, the sandbox or the model cannot be used.
        asyncio.CancelledError: cancelled, or stopped before there was a baseline to compare with.
    """
    aside = Aside()
    try:
        async with _looking_around(request, settings) as around:
            return await _refine(request, settings, engine, aside, around, stop, listen, without)
    finally:
        await aside.close()


async def _refine(
    request: Request,
    settings: Settings,
    engine: Engine,
    aside: Aside,
    around: Awaitable[Surroundings],
    stop: asyncio.Event,
    listen: ProgressListener,
    without: frozenset[Part],
) -> Outcome:
    function = await _unless_stopped(aside.run(_function, request), stop)
    target = Target(request.workspace, request.file, request.qualname, request.source)
    listen(Progress(phase="loading the model"))
    info = await _unless_stopped(engine.start(), stop)
    listen(Progress(phase="starting the sandbox"))
    evaluator = await _unless_stopped(open_evaluator(target, settings), stop)
    try:
        listen(Progress(phase="running the tests"))
        baseline = await _unless_stopped(evaluator.baseline(_tests_reporter(listen)), stop)
        intent = _intent(request, function, baseline, settings)
        found = await _unless_stopped(around, stop)
        task = Task(
            name=f"{request.file.relative_to(request.workspace).as_posix()}::{request.qualname}",
            intent=intent,
            function=function,
            context=replace(
                await aside.run(collect, request.source, function),
                elsewhere=found.elsewhere,
                signatures=found.signatures,
                calls=found.calls,
            ),
            tests=await asyncio.to_thread(
                _test_sources, request.workspace, baseline, _TESTS_SHOWN[intent]
            ),
            baseline=baseline,
            arguments=baseline.arguments,
            hot_lines=baseline.hot_lines if intent is Intent.OPTIMISE else (),
        )
        outcome = await search(
            task,
            target,
            engine,
            info,
            evaluator,
            method=settings.method,
            budget=Budget(settings.seconds, settings.tokens, settings.candidates, settings.rounds),
            options=Options(
                beam=settings.beam,
                seed=settings.seed,
                temperature=settings.temperature,
                alpha=settings.alpha if settings.alpha >= 0 else None,
                without=without,
            ),
            stop=stop,
            listen=listen,
            aside=aside.run,
        )
        if settings.keep_traces:
            from orps_lsp.traces.kept import keep  # only for who asked for it

            workspace = request.workspace
            await asyncio.to_thread(keep, outcome, workspace, settings, info.parameters)
        return replace(outcome, notes=(*outcome.notes, *found.notes, *await evaluator.remarks()))
    finally:
        await evaluator.close()


@contextlib.asynccontextmanager
async def _looking_around(
    request: Request, settings: Settings
) -> AsyncIterator[Awaitable[Surroundings]]:
    """Look at the workspace's other files while model and baseline are made ready."""
    looking = asyncio.ensure_future(_look_around(request, settings))
    try:
        yield looking
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look_around(request: Request, settings: Settings) -> Surroundings:
    workspace = request.workspace
    try:
        interpreter = await find_interpreter(workspace, settings.python)
    except InterpreterError:  # the evaluation will say so
        return Surroundings()
    path = (workspace, workspace / "src", *interpreter.sys_path)
    question = Question(
        workspace=workspace,
        file=request.file,
        source=request.source,
        qualname=request.qualname,
        path=tuple(map(str, path)),
        version=interpreter.version[:2],
    )
    return await look(question)


def _tests_reporter(listen: ProgressListener) -> TestsListener:
    """Report now and then how far the project's tests are."""
    clock = asyncio.get_running_loop().time
    next_time = clock() + _REPORT_SECONDS

    def report(tests: TestsProgress) -> None:
        nonlocal next_time
        if clock() < next_time:
            return
        next_time = clock() + _REPORT_SECONDS
        calls = "calls" if tests.touching == 1 else "call"
        told = f"{tests.done} of {tests.collected}, {tests.touching} {calls} it"
        listen(Progress(phase=f"running the tests: {told}"))

    return report


def _function(request: Request) -> Function:
    """Find the function and make sure that it can be refined; a long file takes a while."""
    function = find(request.source, request.qualname)
    check_refinable(request.source, function)
    return function


async def _unless_stopped(step: Awaitable[_T], stop: asyncio.Event) -> _T:
    """Await a step of the preparation; ``stop`` cancels it, as there is nothing to keep yet."""
    work = asyncio.ensure_future(step)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise asyncio.CancelledError
        return work.result()
    finally:
        for future in (work, stopped):
            future.cancel()
        await asyncio.gather(work, stopped, return_exceptions=True)


def _intent(request: Request, function: Function, baseline: Baseline, settings: Settings) -> Intent:
    """What to do, by the request and the baseline; refuses what cannot be proven."""
    if not baseline.tests and not baseline.comparable:
        nothing = f"No test touches `{request.qualname}`"
        if settings.untested == "refuse":
            raise RefineError(
                f"{nothing}: nothing could be proven about a new version.",
                "Write a test that calls it, then ask again; or set 'untested' to 'generate' to go "
                "by generated inputs alone.",
            )
        raise RefineError(
            f"{nothing}, and of the inputs that were generated it accepts {baseline.generated}.",
            "Write a test that calls it, or annotate its parameters with their types.",
        )
    broken = baseline.failed > 0
    intent = request.intent or (Intent.FIX if broken or function.is_stub else Intent.OPTIMISE)
    if intent is not Intent.FIX and broken:
        raise RefineError(
            f"{baseline.failed} of the {len(baseline.tests)} tests of `{request.qualname}` fail.",
            "Fix it first (intent fix), then optimise or simplify it.",
        )
    if intent is Intent.FIX and not broken:
        raise RefineError(
            f"There is nothing to fix: no test of `{request.qualname}` fails.",
            "Add a failing test, or choose the intent optimise or simplify.",
        )
    return intent


def _test_sources(workspace: Path, baseline: Baseline, most: int) -> tuple[str, ...]:
    """Sources of the most telling tests: failing ones first, then short ones."""
    found: dict[str, bool] = {}  # source -> passed; parametrised tests share one source
    for test in baseline.tests:
        text = _test_source(workspace, test.id)
        if text and text.count("\n") < _LINES_SHOWN:
            found[text] = found.get(text, True) and test.passed
    ordered = sorted(found, key=lambda text: (found[text], len(text)))
    return tuple(ordered[:most])


def _test_source(workspace: Path, test_id: str) -> str:
    """Source of one test by pytest's node id or unittest's dotted id; empty if it is not found."""
    file, _, rest = test_id.partition("::")
    if rest:
        qualname = rest.partition("[")[0].replace("::", ".")
        candidates = [(workspace / file, qualname)]
    else:
        parts = test_id.split(".")
        candidates = [
            (workspace.joinpath(*parts[:cut]).with_suffix(".py"), ".".join(parts[cut:]))
            for cut in range(1, len(parts))
        ]
    for path, qualname in candidates:
        try:
            return find(path.read_text(encoding="utf-8"), qualname).text
        except (OSError, UnicodeDecodeError, SourceError):
            continue
    return ""
