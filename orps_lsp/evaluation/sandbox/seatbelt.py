"""sandbox-exec: macOS' own sandbox, by a profile that denies all that it does not name.

Untested: written after the profiles of others and after Apple's own, and never run on a Mac. The
probe in :mod:`~orps_lsp.evaluation.sandbox.selection` keeps it from being used where it does not
contain what it should. Weaker than the sandboxes of Linux: there is no filter for system calls, so
that a candidate can start processes, and one that starts a program with another environment in a
session of its own outlives its sandbox, though not the profile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import process
from orps_lsp.evaluation.sandbox.killing import kill_tree
from orps_lsp.evaluation.sandbox.paths import Closure, closure, needed
from orps_lsp.evaluation.sandbox.protocol import Policy, SandboxedProcess
from orps_lsp.evaluation.sandbox.scratch import Scratch, sweep

EXECUTABLE = Path("/usr/bin/sandbox-exec")

# /System as a whole would open /System/Volumes/Data, another name for everybody's files. Of
# Homebrew and MacPorts only programs and libraries: databases keep their files in var.
_SYSTEM = (
    *("/System/Library", "/System/Cryptexes", "/System/Volumes/Preboot", "/Library/Apple"),
    *("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/share"),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "Cellar", "Frameworks", "opt")),
    *(f"/opt/homebrew/{name}" for name in ("bin", "lib", "Cellar", "Frameworks", "opt")),
    *("/opt/local/bin", "/opt/local/lib", "/opt/local/Library", "/nix/store"),
    *("/private/etc/group", "/private/etc/localtime", "/private/etc/passwd", "/private/etc/ssl"),
    *("/private/var/db/dyld", "/private/var/db/timezone", "/private/var/select"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)
# The dynamic linker looks at the root, and these are links into /private.
_LINKS = ("/etc", "/tmp", "/var")

_PROFILE = """\
(version 1)
(deny default)
(allow process-fork)
(allow process-exec* file-map-executable {readable})
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow sysctl-read
  (sysctl-name-prefix "hw.") (sysctl-name-prefix "machdep.cpu.")
  (sysctl-name "kern.argmax") (sysctl-name "kern.hostname")
  (sysctl-name "kern.maxfilesperproc") (sysctl-name "kern.ngroups")
  (sysctl-name "kern.osproductversion") (sysctl-name "kern.osrelease")
  (sysctl-name "kern.ostype") (sysctl-name "kern.osvariant_status")
  (sysctl-name "kern.osversion") (sysctl-name "kern.secure_kernel")
  (sysctl-name "kern.usrstack64") (sysctl-name "kern.version")
  (sysctl-name "sysctl.proc_cputype") (sysctl-name "vm.loadavg"))
(allow file-read-metadata {passed})
(allow file-read* (literal "/") {readable} (subpath (param "SCRATCH")))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
(allow file-write* (subpath (param "SCRATCH")))
(deny file-write-setugid)
"""
# sandbox-exec has no options for limits; ulimit counts files in blocks of 512 bytes or of 1024.
_WITH_LIMITS = 'ulimit -c {core}; ulimit -n {files}; ulimit -f {blocks}; exec "$@"'
_BLOCK_BYTES = 512
# What is killed may have started others meanwhile.
_ROUNDS = 20
_ROUND_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What sandbox-exec enforces: rules, and the paths that they name by ``(param "NAME")``."""

    text: str
    parameters: Mapping[str, str]

    def options(self) -> list[str]:
        """Return the profile as options of sandbox-exec."""
        defined = (f"{name}={value}" for name, value in self.parameters.items())
        return ["-p", self.text, *(part for value in defined for part in ("-D", value))]


def profile(required: Closure, scratch: Path) -> Profile:
    """Allow to read the system and what is ``required``, and to write ``scratch`` only.

    ``scratch`` must be free of symbolic links: the kernel compares real paths. The paths are
    parameters, never text of the profile, so that no name of a file can add a rule.
    """
    readable = [*_SYSTEM, *map(str, required.real)]
    ends = [*map(Path, readable), *required.links, scratch]
    passed = {str(parent) for path in ends for parent in path.parents}
    passed |= {*_LINKS, *map(str, required.links)}
    parameters = {
        "SCRATCH": str(scratch),
        **_numbered("READABLE", readable),
        **_numbered("PASSED", sorted(passed)),
    }
    text = _PROFILE.format(
        readable=_filters("subpath", "READABLE", parameters),
        passed=_filters("literal", "PASSED", parameters),
    )
    return Profile(text, parameters)


def _numbered(name: str, paths: Iterable[str]) -> dict[str, str]:
    return {f"{name}_{number}": path for number, path in enumerate(paths)}


def _filters(kind: str, prefix: str, parameters: Mapping[str, str]) -> str:
    names = (name for name in parameters if name.startswith(f"{prefix}_"))
    return " ".join(f'({kind} (param "{name}"))' for name in names)


class Seatbelt:
    """Runs programs with ``sandbox-exec``. Untested."""

    name = "seatbelt"
    replaces = False

    def __init__(self) -> None:
        """Find ``sandbox-exec``.

        Raises:
            SandboxUnavailable: this system has none.
        """
        if not EXECUTABLE.exists():
            raise SandboxUnavailable(f"There is no {EXECUTABLE}.", "It is a part of macOS.")
        sweep()

    async def spawn(self, argv: Sequence[str], policy: Policy) -> SandboxedProcess:
        scratch = Scratch()

        async def clean() -> None:
            await asyncio.to_thread(kill_marked, scratch.path)
            await scratch.remove()

        try:
            return await process.start(
                self._command(argv, policy, scratch.path),
                end=kill_tree,
                clean=clean,
                environment={**policy.environment, **scratch.environment()},
                cwd=str(policy.cwd),
            )
        except BaseException:
            await scratch.remove()
            raise

    def child_filter(self, allow_processes: bool) -> None:
        return None

    def _command(self, argv: Sequence[str], policy: Policy, scratch: Path) -> list[str]:
        limits = _WITH_LIMITS.format(
            core=process.LIMITS["RLIMIT_CORE"],
            files=process.LIMITS["RLIMIT_NOFILE"],
            blocks=policy.scratch_bytes // _BLOCK_BYTES,
        )
        options = profile(closure(needed(argv, policy)), scratch).options()
        return ["/bin/sh", "-c", limits, "sh", str(EXECUTABLE), *options, *argv]


def kill_marked(scratch: Path) -> None:
    """Kill what has left the tree: all that was started with ``scratch`` in its environment."""
    for _ in range(_ROUNDS):
        found = [running for running in psutil.process_iter() if _is_marked(running, scratch)]
        for running in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                running.kill()
        if not found:
            break
        psutil.wait_procs(found, timeout=_ROUND_SECONDS)


def _is_marked(running: psutil.Process, scratch: Path) -> bool:
    try:
        return running.environ().get("SCRATCH") == str(scratch)
    except (psutil.Error, OSError):  # gone, or somebody else's
        return False
