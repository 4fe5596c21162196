"""Start both servers in turn, open a long file in ours, type and ask; then the same in a search."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import survey
from orps_lsp.bench.server import project as projects
from orps_lsp.bench.server.client import Client, started
from orps_lsp.bench.server.latency import Searches, Typist, measure
from orps_lsp.bench.server.project import Project
from orps_lsp.bench.server.report import NO_REFERENCE, Report

REFERENCE = "jedi-language-server"
_MB = 1e6
_LOOK_SECONDS = 0.1
_SETTLING = 50  # looks
_SEARCHES = 50  # that a script has different answers for


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. ``model`` empty: searches run over written answers."""

    starts: int
    requests: int
    reference: Sequence[str]  # a command
    model: str = ""


async def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure all of it.

    Raises:
        BenchError: a server cannot be started, ended, or answered with an error.
    """
    machine = await asyncio.to_thread(survey)
    if machine.busy:
        say("warning: the machine is busy with something else; ratios hold better than times")
    with TemporaryDirectory(prefix="orps-bench-") as folder:
        project = projects.make(folder)
        ours, theirs = await _starts(plan, project, say)
        settings = {"model": plan.model} if plan.model else project.scripted(_SEARCHES)
        options = {"orps": settings, "trusted": True}
        root = project.folder.as_uri()
        async with started("orps-lsp", _ours(), root, options) as (client, _):
            _open(client, project)
            typist = Typist(client, project)
            await measure(client, project, typist, 1, typing=False)
            await _settled(client.pid)
            rss, peak = _memory(client.pid)
            say(f"memory: {rss / _MB:.1f} MB")
            latencies: dict[str, Mapping[str, Sequence[float]]] = {}
            latencies["idle"] = await measure(client, project, typist, plan.requests)
            typed, _ = _memory(client.pid)
            say(f"requests while idle; memory: {typed / _MB:.1f} MB")
            searches = Searches(client, project)
            latencies["searching"] = await measure(client, project, typist, plan.requests, searches)
            await searches.end()
            say(f"requests during {searches.started} searches")
    return Report(
        initialize=ours,
        reference=" ".join(plan.reference),
        reference_initialize=theirs,
        rss_mb=rss / _MB,
        rss_peak_mb=peak / _MB,
        rss_typed_mb=typed / _MB,
        lines=projects.LINES,
        latencies=latencies,
        model=plan.model or "scripted",
        searches=searches.started,
        candidates=searches.candidates,
        machine=machine,
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


async def _starts(
    plan: Plan, project: Project, say: Callable[[str], None]
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds from a start to initialize's answer, ours and the reference's."""
    reference = _found(plan.reference)
    if reference is None:
        say(NO_REFERENCE)
    found: dict[str, list[float]] = {"orps-lsp": [], REFERENCE: []}
    commands = {"orps-lsp": _ours(), REFERENCE: reference}
    for number in range(plan.starts + 1):
        for name, command in commands.items():
            if command is None:
                continue
            async with started(name, command, project.folder.as_uri()) as (_, seconds):
                if number:  # the first of each fills the system's caches
                    found[name].append(seconds * 1000)
    say(f"{plan.starts} starts of each server")
    return found["orps-lsp"], found[REFERENCE]


def _ours() -> Sequence[str]:
    """The installed program, as an editor starts it, else the module."""
    program = Path(sys.executable).parent / "orps-lsp"
    return (
        (str(program), "serve") if program.exists() else (sys.executable, "-m", "orps_lsp", "serve")
    )


def _found(command: Sequence[str]) -> Sequence[str] | None:
    """The command with its program's path; None where the usual one is not installed.

    Raises:
        BenchError: another one was asked for and is not there.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    program = shutil.which(command[0], path=path)
    if program is None:
        if list(command) != [REFERENCE]:
            raise BenchError(f"There is no program {command[0]}.", "Correct --reference.")
        return None
    return (program, *command[1:])


def _open(client: Client, project: Project) -> None:
    item: dict[str, Any] = {"uri": project.uri, "languageId": "python", "version": 1}
    client.notify("textDocument/didOpen", {"textDocument": {**item, "text": project.text}})


async def _settled(pid: int) -> None:
    """Wait for what the server tries out at its start (a sandbox); what stays counts as its own."""
    for _ in range(_SETTLING):
        if not psutil.Process(pid).children():
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _memory(pid: int) -> tuple[float, float]:
    """Bytes resident of a process and its children: now, and the process' own peak with them."""
    process = psutil.Process(pid)
    own = process.memory_info().rss
    children = sum(child.memory_info().rss for child in process.children(recursive=True))
    peak = own
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        peak = max(peak, int(found[1]) * 1024 if found else 0)
    return own + children, peak + children
