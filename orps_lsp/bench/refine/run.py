"""Search for faster versions of one function after the other, and check what is offered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, TypeVar

from orps_lsp.bench.machine import Machine, survey
from orps_lsp.bench.refine.projects import Project
from orps_lsp.bench.refine.report import Report
from orps_lsp.bench.refine.result import Result, claim
from orps_lsp.bench.refine.verification import verify
from orps_lsp.config import Settings
from orps_lsp.errors import OrpsError
from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.llm import create_engine
from orps_lsp.llm.protocol import EngineError
from orps_lsp.quantities import count, ratio
from orps_lsp.refine import Request, refine
from orps_lsp.search.types import Intent, Outcome, Progress, ProgressListener

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which functions, and how to search; the projects' own settings do not count."""

    projects: Sequence[Project]
    settings: Settings


async def run(
    plan: Plan,
    stop: asyncio.Event,
    say: Say,
    keep: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Measure each function with an engine of its own, so that none profits from another.

    ``stop`` ends it: the function that is being searched for is left out. ``keep`` gets the report
    so far after each function.

    Raises:
        EngineError, SandboxUnavailable: nothing can be measured on this machine.
    """
    machine = await asyncio.to_thread(survey)
    if machine.busy:
        say("warning: the machine is busy with something else; searches get less far")
    report = _report(plan, (), machine)
    for number, project in enumerate(plan.projects, 1):
        say(f"{project.name} ({number} of {len(plan.projects)}): {project.function}")
        result = await _unless_stopped(_measured(project, plan.settings, say), stop)
        if result is None:
            break
        say(f"{project.name}: {_sentence(result)}")
        report = replace(report, results=(*report.results, result))
        keep(report)
    return report


def _report(plan: Plan, results: tuple[Result, ...], machine: Machine) -> Report:
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Report(results, len(plan.projects), plan.settings, machine, date)


async def _unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """Await ``work``; None, and it is cancelled, once ``stop`` is set."""
    task = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for each in (task, stopped):
            each.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def _measured(project: Project, settings: Settings, say: Say) -> Result:
    """Search and check. What is wrong with the function or its tests is part of the result."""
    result = Result(project.name, project.function)
    try:
        target = project.target()
        request = Request(
            target.workspace, target.file, target.source, target.qualname, Intent.OPTIMISE
        )
        start = time.monotonic()
        outcome = await _searched(request, settings, _listener(project, say))
        prepared = time.monotonic() - start - outcome.seconds
        result = replace(result, outcome=outcome, prepared=prepared)
        if result.best is not None:
            candidate = result.best.candidate
            say(f"{project.name}: {result.best.summary}; verifying it once more")
            faster = claim(candidate) is not None
            check = await verify(target, candidate.module, faster, settings)
            result = replace(result, check=check)
    except (EngineError, SandboxUnavailable):
        raise
    except OrpsError as error:
        result = replace(result, error=str(error))
    return result


async def _searched(request: Request, settings: Settings, listen: ProgressListener) -> Outcome:
    engine = create_engine(settings)
    try:
        return await refine(request, settings, engine, stop=asyncio.Event(), listen=listen)
    finally:
        await engine.close()


def _listener(project: Project, say: Say) -> ProgressListener:
    """Tell each new best edit."""
    told = ""

    def listen(progress: Progress) -> None:
        nonlocal told
        if progress.best is not None and progress.best.summary != told:
            told = progress.best.summary
            drawn = count(progress.counts.generated, "candidate")
            say(f"{project.name}: {told}, after {drawn} and {progress.seconds:.0f} s")

    return listen


def _sentence(result: Result) -> str:
    if result.error:
        return result.error
    if result.check is None:
        return "nothing was offered"
    if result.check.fault:
        return f"FALSE WIN: {result.check.fault}"
    inputs = count(result.check.inputs, "input")
    return f"{ratio(result.gain)} by the second measurement, {inputs} agree"
