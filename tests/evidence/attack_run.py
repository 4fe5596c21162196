"""Evaluate every attack in one sandbox, as the user that this program runs as.

``python attack_run.py LEVEL DIRECTORY`` prints one JSON object: for each attack what was seen.
Refuses to run where nothing would contain them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import sysconfig
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import attacks
import psutil
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation import evaluator as evaluator_module
from orps_lsp.evaluation import limits
from orps_lsp.evaluation.equivalence import replay
from orps_lsp.evaluation.evaluator import LocalEvaluator
from orps_lsp.evaluation.protocol import Evaluation, SandboxUnavailable, Verdict
from orps_lsp.evaluation.runner import TestRunner

LEVELS = ("bubblewrap", "landlock")


@dataclass
class Canaries:
    """Files and listeners that no attack may touch."""

    directory: Path
    token: str = field(default_factory=lambda: str(uuid.uuid4().int)[:12])
    places: dict[str, object] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)
    absent: list[Path] = field(default_factory=list)
    listeners: list[socket.socket] = field(default_factory=list)

    def set_up(self, workspace: Path) -> None:
        home, site = Path.home(), Path(sysconfig.get_path("purelib"))
        secret = home / f".orps-secret-{self.token}"
        elsewhere = Path("/var/tmp") / f"orps-elsewhere-{self.token}"
        temporary = Path("/tmp") / f"orps-attack-{self.token}"
        for path in (secret, elsewhere):
            path.write_text("secret")
            self.files[path] = b"secret"
        self.absent = [
            *(home / ".profile-new", site / "orps_attack.pth", temporary),
            *(Path("/etc/orps-attack"), Path("/dev/shm/orps-attack")),
        ]
        self.places |= {"workspace": str(workspace), "home": str(home), "site": str(site)}
        self.places |= {"secret": str(secret), "elsewhere": str(elsewhere), "tmp": str(temporary)}
        self.places |= {"server": os.getpid(), "token": self.token}
        self._listen()

    def _listen(self) -> None:
        unix = str(self.directory / "unix")
        for name, family, kind, address in (
            ("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("unix", socket.AF_UNIX, socket.SOCK_STREAM, unix),
            ("datagrams", socket.AF_UNIX, socket.SOCK_DGRAM, unix + ".datagrams"),
            ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.token),
        ):
            listener = socket.socket(family, kind)
            listener.bind(address)  # type: ignore[arg-type]
            listener.setblocking(False)
            if kind == socket.SOCK_STREAM:
                listener.listen()
            self.listeners.append(listener)
            port = listener.getsockname()[1] if family == socket.AF_INET else address
            self.places[name] = self.token if name == "abstract" else port

    def harmed(self) -> list[str]:
        """Say what is no longer as it was."""
        found = [str(path) for path, content in self.files.items() if _content(path) != content]
        found += [f"{path} appeared" for path in self.absent if path.exists()]
        for listener in self.listeners:
            with contextlib.suppress(BlockingIOError):
                if listener.type == socket.SOCK_STREAM:
                    listener.accept()
                else:
                    listener.recv(1)
                found.append(f"something came to {listener.getsockname()}")
        for process in psutil.process_iter(["name", "cmdline"]):
            arguments = process.info["cmdline"] or ()
            if process.info["name"] == "orps-attack" or self.token in arguments:
                found.append(f"process {process.pid} is left: {process.info}")
        return found

    def remove(self) -> None:
        for path in (*self.files, *self.absent):
            with contextlib.suppress(OSError):
                path.unlink()
        for listener in self.listeners:
            listener.close()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _private_directories() -> list[str]:
    return [str(path) for path in Path(tempfile.gettempdir()).glob("orps-lsp-*")]


def _state(root: Path) -> dict[str, tuple[int, int, bytes | None]]:
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, _content(path))
        for path in sorted([root, *root.rglob("*")])
    }


@contextlib.contextmanager
def _quick() -> Iterator[None]:
    """Short limits; no measuring and no fresh interpreter, which would only take longer."""

    async def unmeasured(*arguments: object) -> Evaluation:
        evaluation = arguments[-1]
        assert isinstance(evaluation, Evaluation)
        return evaluation

    limits.MIN_TEST_SECONDS = 1.5
    limits.TEST_FACTOR = 1.0
    replay.CALL_SECONDS = 0.5
    TestRunner.fresh = TestRunner.run  # type: ignore[method-assign]
    evaluator_module.LocalEvaluator._measured = unmeasured  # type: ignore[method-assign]
    yield


class Run:
    """One evaluator for all attacks on one project."""

    def __init__(self, evaluator: LocalEvaluator, root: Path, canaries: Canaries) -> None:
        self._evaluator = evaluator
        self._root = root
        self._canaries = canaries
        self._state = _state(root)
        self.seen: dict[str, dict[str, object]] = {}

    async def evaluate(self, name: str, source: str) -> None:
        """Evaluate an attack and note all that can be known of its effects."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            evaluation = await self._evaluator.evaluate(source)
            verdict, reason = evaluation.verdict.value, evaluation.reason
        except Exception as error:  # the evaluator itself broke, which no candidate may bring about
            verdict, reason = "no verdict", repr(error)
        seconds = loop.time() - start
        harmed = self._canaries.harmed()
        if _state(self._root) != self._state:
            harmed.append("the workspace changed")
        good = await self._evaluator.evaluate(attacks.GOOD)
        after = "" if good.verdict is Verdict.VERIFIED else f"{good.verdict.value}: {good.reason}"
        print(f"{name}: {seconds:.2f} s, {verdict}", file=sys.stderr, flush=True)
        self.seen[name] = {
            "verdict": verdict,
            "reason": reason,
            "harmed": harmed,
            "after": after,
            "seconds": round(seconds, 3),
        }


@contextlib.asynccontextmanager
async def _running(
    level: str, root: Path, files: Mapping[str, str], canaries: Canaries
) -> AsyncIterator[Run]:
    write_project(root, files)
    async with evaluating(root, "first", sandbox=level, memory_mb=512) as evaluator:
        baseline = await evaluator.baseline()
        if baseline.sandbox != level or level not in LEVELS:
            raise SystemExit("attacks run in a sandbox alone")
        if not baseline.passed or baseline.failed:
            raise SystemExit(f"the project's own tests fail: {baseline}")
        yield Run(evaluator, root, canaries)


async def main(level: str, directory: Path) -> dict[str, object]:
    """Run them all.

    Raises:
        SandboxUnavailable: this level cannot be had here.
    """
    canaries = Canaries(directory)
    plain, starting = directory / "plain", directory / "starting"
    canaries.set_up(plain)
    seen: dict[str, object] = {}
    try:
        with _quick():
            async with _running(level, plain, attacks.PROJECT, canaries) as run:
                for name, (_, body) in attacks.EFFECTS.items():
                    await run.evaluate(name, attacks.attempt(body, canaries.places))
                for name, body in attacks.VERDICTS.items():
                    await run.evaluate(name, attacks.version(body))
            seen["plain"] = run.seen
            canaries.places["workspace"] = str(starting)
            async with _running(level, starting, attacks.STARTING_PROCESSES, canaries) as run:
                for name, (_, body) in attacks.PROCESSES.items():
                    await run.evaluate(name, attacks.attempt(body, canaries.places))
            seen["starting"] = run.seen
        seen["left"] = [str(process) for process in psutil.Process().children(recursive=True)]
        seen["left"] += _private_directories()
    finally:
        canaries.remove()
    return seen


if __name__ == "__main__":
    try:
        print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2])))))
    except SandboxUnavailable as unavailable:
        print(json.dumps({"unavailable": str(unavailable)}))
