"""The sandbox: which one evaluations get here, and what keeps a stronger one away."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from orps_lsp.doctor.types import Check, Status, with_command
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox.launch import MINIMUM_ABI, landlock_abi

_INSTALL = {
    "apt-get": "sudo apt install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
# Where kernels forbid namespaces to users, the value that does, and the way out.
_SWITCHES = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu 23.10 and later
    ("kernel/unprivileged_userns_clone", "0", "1"),  # Debian before 11
    ("user/max_user_namespaces", "0", "15000"),
)


async def check(level: str) -> Check:
    """Try each sandbox; ``level`` is the setting `sandbox`."""
    if level == "none":
        return Check(
            "sandbox",
            Status.WARNING,
            "none, as your settings say: what a model writes runs with all of your rights",
            "Leave `sandbox` at `auto`, if you can.",
        )
    results = {name: await _try(name) for name in sandbox.levels()}
    wanted = tuple(results) if level == "auto" else (level,)
    chosen = next((name for name in wanted if results.get(name, "") is None), None)
    details = [
        f"{name} {'works too' if reason is None else f'does not: {reason}'}"
        for name, reason in results.items()
        if name != chosen
    ]
    if chosen is None:
        return Check(
            "sandbox",
            Status.ERROR,
            f"none works. {'; '.join(details)}",
            remedy() if sys.platform.startswith("linux") else _elsewhere(),
        )
    abi = f" (version {landlock_abi()} of the kernel's)" if chosen == "landlock" else ""
    found = f"{chosen}{abi}; {'; '.join(details)}"
    if chosen != wanted[0] and level == "auto":
        return Check("sandbox", Status.WARNING, found, f"bubblewrap contains more. {remedy()}")
    return Check("sandbox", Status.OK, found)


async def _try(name: str) -> str | None:
    """Return why the sandbox ``name`` does not work, None if it does."""
    try:
        await sandbox.choose(name)
    except SandboxUnavailable as unavailable:
        return unavailable.message.removeprefix(f"{name}: ").rstrip(".")
    return None


def remedy(proc: Path = Path("/proc")) -> str:
    """Say what makes bubblewrap work on this Linux."""
    if shutil.which("bwrap") is None:
        tool = next((tool for tool in _INSTALL if shutil.which(tool)), None)
        if tool is None:
            return "Install the package `bubblewrap`."
        return with_command("Install bubblewrap:", _INSTALL[tool])
    for switch, forbids, allows in _SWITCHES:
        if _value(proc / "sys" / switch) == forbids:
            setting = switch.replace("/", ".")
            for_good = f"echo {setting}={allows} | sudo tee /etc/sysctl.d/60-user-namespaces.conf"
            now = with_command(
                "Allow programs without privileges to make user namespaces, for the whole machine "
                "and until it starts again:",
                f"sudo sysctl -w {setting}={allows}",
            )
            return f"{now}\n{with_command('and for good:', for_good)}"
    return (
        "Allow bubblewrap to make namespaces; in a container, that is an option of whoever starts "
        "it, such as --security-opt seccomp=unconfined. "
        f"Landlock needs version {MINIMUM_ABI}, Linux 6.2; this kernel has {landlock_abi()}."
    )


def _elsewhere() -> str:
    return (
        "Use Linux, or let candidates run with all of your rights: set `sandbox` to `none` in your "
        "own settings."
    )


def _value(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
