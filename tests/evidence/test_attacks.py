"""Attacks on the machine and on the verdict: at every level, as root and as a plain user.

Each level is one process (``attack_run.py``) with one evaluator for all attacks. Nothing screens
them there: what contains them is the sandbox.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import attacks  # noqa: E402 - beside this file, wherever pytest was started

from orps_lsp.evaluation.screening import screen  # noqa: E402

REPOSITORY = HERE.parent.parent
LEVELS = ("bubblewrap", "landlock")
USERS = ("root", "plain")
REQUIRED = os.environ.get("ORPS_REQUIRE_SANDBOXES", "").split(",")
NOBODY = 65534
SECONDS = 400.0

Seen = dict[str, Any]


def _link(source: str, target: str) -> None:
    """A hard link is there at once, and open to who may not look into the file's first place."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Workplace:
    """A directory for one run, and the program that makes it."""

    def __init__(self, user: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="attacks-"))
        for name in ("home", "tmp", "projects"):
            (self.path / name).mkdir()
        self.command = [sys.executable, str(HERE / "attack_run.py")]
        modules = (REPOSITORY, HERE.parent / "unit", HERE)
        if user == "plain" and os.getuid() == 0:
            python, modules = self._python_for_all(), self._modules_for_all()
            self.command = [*_as_nobody(), str(python), str(modules[-1] / "attack_run.py")]
            for path in (self.path, *(self.path / n for n in ("home", "tmp", "projects"))):
                os.chown(path, NOBODY, NOBODY)
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.path / "home"),
            "TMPDIR": str(self.path / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, modules)),
        }

    def _python_for_all(self) -> Path:
        """Our interpreter with our packages, where everybody may run it."""
        base, place = Path(sys.base_prefix), self.path / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        library = Path("lib") / version
        left_out = shutil.ignore_patterns(
            "site-packages", "test", "tests", "__pycache__", "config-*"
        )
        for part in (library, Path("bin")):
            shutil.copytree(
                base / part, place / part, copy_function=_link, ignore=left_out, symlinks=True
            )
        for shared in (base / "lib").glob("libpython*"):
            _link(str(shared.resolve()), str(place / "lib" / shared.name))
        large = shutil.ignore_patterns("__pycache__", "llama_cpp*", "*.pth")
        source, packages = sysconfig.get_path("purelib"), self.path / "packages"
        shutil.copytree(source, packages, copy_function=_link, ignore=large, symlinks=True)
        return place / "bin" / version

    def _modules_for_all(self) -> tuple[Path, ...]:
        place = self.path / "modules"
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("orps_lsp", "tests/unit", "tests/evidence"):
            shutil.copytree(REPOSITORY / part, place / part, ignore=ignored)
        # Named, not installed: where an interpreter looks for packages differs between builds.
        return (self.path / "packages", place, place / "tests/unit", place / "tests/evidence")

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def _as_nobody() -> list[str]:
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("setpriv, which changes the user, is not installed")
    return [program, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]


@functools.cache
def seen(level: str, user: str) -> Seen:
    """Run all attacks; return what was seen, or as "unavailable" or "broke" why nothing was."""
    workplace = Workplace(user)
    try:
        ended = subprocess.run(
            [*workplace.command, level, str(workplace.path / "projects")],
            env=workplace.environment,
            timeout=SECONDS,
            cwd=workplace.path,
            capture_output=True,
            text=True,
        )
    finally:
        workplace.remove()
    if ended.returncode:
        return {"broke": ended.stderr[-4000:]}
    found: Seen = json.loads(ended.stdout)
    return found


@pytest.fixture(params=[(level, user) for level in LEVELS for user in USERS], ids="-".join)
def results(request: pytest.FixtureRequest) -> Iterator[Seen]:
    level, user = request.param
    if user == "root" and os.getuid() != 0:
        pytest.skip("these tests do not run as root")
    found = seen(level, user)
    assert "broke" not in found, found["broke"]
    if "unavailable" in found:
        assert level not in REQUIRED, found
        pytest.skip(found["unavailable"])
    yield found


def check(result: Seen) -> None:
    assert result["verdict"] in ("failed_tests", "broken", "disagrees"), result
    assert not result["harmed"], result
    assert not result["after"], f"the next, good version: {result['after']}"


def contained(how: str, reason: str) -> bool:
    return any(way in reason for way in how.split("|"))


def test_there_are_enough_attacks() -> None:
    assert len(attacks.EFFECTS) + len(attacks.VERDICTS) + len(attacks.PROCESSES) >= 45


@pytest.mark.parametrize("name", attacks.EFFECTS)
def test_the_machine_is_not_harmed(name: str, results: Seen) -> None:
    result = results["plain"][name]
    check(result)
    assert contained(attacks.EFFECTS[name][0], result["reason"]), result


@pytest.mark.parametrize("name", attacks.VERDICTS)
def test_wrong_does_not_pass_for_right(name: str, results: Seen) -> None:
    check(results["plain"][name])


@pytest.mark.parametrize("name", attacks.PROCESSES)
def test_processes_are_ended(name: str, results: Seen) -> None:
    result = results["starting"][name]
    check(result)
    assert contained(attacks.PROCESSES[name][0], result["reason"]), result


def test_nothing_is_left(results: Seen) -> None:
    assert results["left"] == []


# --- The screen, by itself

# Wrong as any faulty version may be: nothing in their texts betrays them.
UNSUSPICIOUS = {
    *("is equal to everything", "returns a huge value", "returns itself in itself"),
    *("hangs outside of the tests", "is wrong outside of the tests", "exits politely"),
    *("interrupts", "returns something endless", "returns what shows itself without end"),
    *("returns what cannot be pickled", "claims to be an int"),
}


def test_the_screen_refuses_nearly_all_of_them() -> None:
    original = attacks.PROJECT["core.py"]
    effects = {**attacks.EFFECTS, **attacks.PROCESSES}
    texts = {name: attacks.attempt(body, {}) for name, (_, body) in effects.items()}
    texts |= {name: attacks.version(body) for name, body in attacks.VERDICTS.items()}
    plain = "\n".join(line[8:] for line in original.splitlines())
    passed = {name for name, text in texts.items() if screen(plain, text, "first") is None}
    assert passed <= UNSUSPICIOUS
