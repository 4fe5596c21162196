"""Which sandbox this machine really has: found out by trying."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox.bubblewrap import Bubblewrap
from orps_lsp.evaluation.sandbox.landlock import Landlock
from orps_lsp.evaluation.sandbox.protocol import Policy, Sandbox

_PROBE_SECONDS = 10.0

_WITHOUT = (
    "To let candidates run with all of your rights, set 'sandbox' to 'none' in your own settings."
)

# Prints what it could do and should not. sys.argv[1] is a file of ours that no policy names.
_PROBE = """
import os, socket, sys
def can(do):
    try:
        do()
    except OSError:
        return False
    return True
faults = []
if can(lambda: open(sys.argv[1]).close()): faults.append("read a hidden file")
if can(lambda: open(sys.argv[1], "a").close()): faults.append("write a hidden file")
if can(lambda: open(os.__file__, "a").close()): faults.append("write the standard library")
if can(lambda: os.listdir(os.path.dirname(sys.argv[1]))): faults.append("list a hidden directory")
if can(lambda: socket.socket(socket.AF_INET).connect(("127.0.0.1", 9))): faults.append("connect")
if not can(lambda: open(os.environ["TMPDIR"] + "/x", "w").close()): faults.append("not use scratch")
print(", ".join(faults) or "contained")
"""


async def _find_landlock() -> Sandbox:
    return Landlock()


async def _find_seatbelt() -> Sandbox:
    from orps_lsp.evaluation.sandbox.seatbelt import Seatbelt  # brings psutil, 5 MiB

    return Seatbelt()


_FINDERS: dict[str, Callable[[], Awaitable[Sandbox]]] = {
    "bubblewrap": Bubblewrap.find,
    "landlock": _find_landlock,
    "seatbelt": _find_seatbelt,
}
# By sys.platform, the strongest first, and what helps where none of them works.
_LEVELS = {"linux": ("bubblewrap", "landlock"), "darwin": ("seatbelt",)}
_REMEDIES = {
    "linux": "Install bubblewrap and allow user namespaces, or use Linux 6.2 or later.",
    "darwin": "The sandbox of macOS is not tested yet; Linux has others.",
}

_probed: dict[str, Sandbox | SandboxUnavailable] = {}


def levels() -> tuple[str, ...]:
    """Return the names of this system's sandboxes, the strongest first."""
    return _LEVELS.get(sys.platform, ())


async def choose(level: str) -> Sandbox:
    """Return the sandbox called ``level``, or with ``auto`` the strongest one that works here.

    ``none`` gives no protection: pass it only if the user asked for it. What was found out is
    remembered for this process.

    Raises:
        SandboxUnavailable: it does not work here; the message says why, the advice what helps.
    """
    if level == "none":
        from orps_lsp.evaluation.sandbox.none import Unsandboxed

        return Unsandboxed()
    if level != "auto" and level not in _FINDERS:
        raise SandboxUnavailable(f"There is no sandbox called '{level}'.")
    known = levels()
    if not known:
        raise SandboxUnavailable("Candidates can only be sandboxed on Linux and macOS.", _WITHOUT)
    if level not in ("auto", *known):
        raise SandboxUnavailable(f"This system has no {level}.", "Set 'sandbox' to 'auto'.")
    reasons: list[str] = []
    for name in known if level == "auto" else (level,):
        if name not in _probed:
            _probed[name] = await _probe(name)
        found = _probed[name]
        if not isinstance(found, SandboxUnavailable):
            return found
        reasons.append(f"{name}: {found}")
    raise SandboxUnavailable(
        f"No sandbox works here. {' '.join(reasons)}" if level == "auto" else reasons[0],
        f"{_REMEDIES[sys.platform]} {_WITHOUT}",
    )


async def _probe(name: str) -> Sandbox | SandboxUnavailable:
    """Run a small program in the sandbox ``name`` and see whether it is contained."""
    try:
        sandbox = await _FINDERS[name]()
        with tempfile.TemporaryDirectory(prefix="orps-lsp-probe-") as directory:
            canary = Path(directory, "canary")
            canary.touch()  # noqa: ASYNC240
            output = await asyncio.wait_for(_run_probe(sandbox, canary), _PROBE_SECONDS)
    except SandboxUnavailable as unavailable:
        return unavailable
    except asyncio.TimeoutError:
        return SandboxUnavailable("A program that should print a word in it hangs.")
    except OSError as error:
        return SandboxUnavailable(f"It cannot be tried: {error}.")
    if output != "contained":
        return SandboxUnavailable(f"A program in it could: {output}.")
    return sandbox


async def _run_probe(sandbox: Sandbox, canary: Path) -> str:
    """Return what the probe printed, or what went wrong.

    Raises:
        SandboxUnavailable: it could not even start.
    """
    prefixes = (Path(sys.base_prefix), Path(sys.base_exec_prefix), Path(sys.prefix))
    policy = Policy(readable=prefixes, cwd=Path("/"), environment={})
    program = (sys.executable, "-I", "-S", "-c", _PROBE, str(canary))
    child = await sandbox.spawn(program, policy)
    try:
        output = (await child.stdout.read()).decode("utf-8", "replace").strip()
        await child.wait()
    finally:
        await child.kill()
    if not output:
        said = child.stderr_tail().strip()
        raise SandboxUnavailable(f"It does not start a program: {said or 'no reason given'}.")
    return output
