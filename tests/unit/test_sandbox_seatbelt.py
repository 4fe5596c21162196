"""macOS' sandbox as far as another system can check it: the profile, the command, the choice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import Policy, choose, seatbelt, selection
from orps_lsp.evaluation.sandbox.none import Unsandboxed
from orps_lsp.evaluation.sandbox.paths import Closure

SCRATCH = Path("/private/var/folders/x/T/orps-lsp-1")
WORKSPACE = Path("/Users/me/project")
# Echoes what it would have run, in the place of sandbox-exec.
STAND_IN = """#!/bin/sh
ulimit -n
for argument; do printf '%s\\n' "$argument"; done
"""


def rules(text: str) -> list[list[str]]:
    """Return the profile's top-level expressions as lists of their atoms and strings."""
    found: list[list[str]] = []
    depth = 0
    for token in re.findall(r'"[^"]*"|[()]|[^\s()"]+', text):
        if token == "(":
            depth += 1
            if depth == 1:
                found.append([])
        elif token == ")":
            depth -= 1
        found[-1].append(token)
    assert depth == 0
    return [[token for token in rule if token not in "()"] for rule in found]


def made(*real: Path, links: dict[Path, str] | None = None) -> seatbelt.Profile:
    return seatbelt.profile(Closure(real, links or {}), SCRATCH)


def paths(profile: seatbelt.Profile, operation: str) -> set[str]:
    """Return the paths for which a rule allows ``operation``."""
    return {
        profile.parameters.get(token.strip('"'), token.strip('"'))
        for rule in rules(profile.text)
        if rule[0] == "allow" and operation in rule
        for token in rule
        if token.startswith('"')
    }


def test_all_is_denied_that_is_not_allowed() -> None:
    first, second, *others = rules(made(WORKSPACE).text)
    assert (first, second) == (["version", "1"], ["deny", "default"])
    allowed = [rule[1:] for rule in others if rule[0] == "allow"]
    assert not [rule for rule in allowed if rule[0].startswith(("network", "system-", "default"))]
    assert [rule for rule in allowed if len(rule) == 1] == [["process-fork"]]


def test_only_scratch_can_be_written() -> None:
    profile = made(WORKSPACE)
    assert paths(profile, "file-write*") == {str(SCRATCH)}
    assert paths(profile, "file-write-data") == {"/dev/null", "/dev/zero"}
    assert "file*" not in profile.text


def test_what_is_needed_can_be_read_and_run() -> None:
    profile = made(WORKSPACE)
    assert paths(profile, "file-read*") >= {"/", "/usr/lib", str(WORKSPACE), str(SCRATCH)}
    assert str(WORKSPACE) in paths(profile, "process-exec*")
    assert str(SCRATCH) not in paths(profile, "process-exec*")


@pytest.mark.parametrize("private", ["/Users", "/Users/me", "/private", "/private/var", "/System"])
def test_directories_above_can_be_passed_but_not_read(private: str) -> None:
    profile = made(WORKSPACE)
    readable = paths(profile, "file-read*")
    assert private not in readable
    assert not readable & {str(parent) for parent in Path("/System/Volumes/Data/x").parents} - {"/"}
    if private != "/System":
        assert private in paths(profile, "file-read-metadata")


def test_links_can_be_followed() -> None:
    link = Path("/Users/me/venv/bin/python")
    passed = paths(made(links={link: "/opt/python"}), "file-read-metadata")
    assert {str(link), "/Users/me/venv/bin", "/var", "/tmp"} <= passed


def test_no_name_of_a_file_is_part_of_the_rules() -> None:
    odd = Path('/Users/me/a") (allow default) ("')
    profile = made(odd)
    assert "allow default" not in profile.text
    assert f"READABLE_{len(seatbelt._SYSTEM)}={odd}" in profile.options()
    used = set(re.findall(r'\(param "(\w+)"\)', profile.text))
    assert used == set(profile.parameters)


def exists(path: str) -> bool:
    return Path(path).exists()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "sandbox-exec"
    program.write_text(STAND_IN)
    program.chmod(0o700)
    monkeypatch.setattr(seatbelt, "EXECUTABLE", program)
    return program


async def test_the_program_runs_behind_the_profile_and_limits(stand_in: Path) -> None:
    policy = Policy(readable=(stand_in.parent,), cwd=stand_in.parent, environment={})
    child = await seatbelt.Seatbelt().spawn(("program", "an argument"), policy)
    limit, first, *others = (await child.stdout.read()).decode().splitlines()
    assert await child.wait() == 0
    await child.kill()
    assert (limit, first) == ("1024", "-p")
    assert others[0] == "(version 1)"
    assert others[-2:] == ["program", "an argument"]
    scratch = next(line for line in others if line.startswith("SCRATCH=")).partition("=")[2]
    assert not exists(scratch)


def test_what_left_the_tree_is_found_by_its_scratch(tmp_path: Path) -> None:
    """A daemon: in a session of its own, its parent dead."""
    code = (
        "import os, sys, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "print(os.getpid(), flush=True)\n"
        "os.close(1)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "SCRATCH": str(tmp_path)}
    started = subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, check=True
    )
    daemon = psutil.Process(int(started.stdout))
    seatbelt.kill_marked(tmp_path / "other")
    assert daemon.status() != psutil.STATUS_ZOMBIE
    seatbelt.kill_marked(tmp_path)
    assert not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def on_a_mac(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setattr(selection, "_probed", {})
    monkeypatch.setattr(sys, "platform", "darwin")
    yield monkeypatch


async def test_a_mac_without_it_has_none(on_a_mac: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_a_mac.setattr(seatbelt, "EXECUTABLE", tmp_path / "missing")
    with pytest.raises(SandboxUnavailable, match=r"There is no .*missing") as caught:
        await choose("auto")
    assert "not tested yet" in caught.value.advice
    assert "bubblewrap" not in caught.value.advice


async def test_a_mac_does_not_use_one_that_does_not_contain(
    on_a_mac: pytest.MonkeyPatch,
) -> None:
    async def find() -> Unsandboxed:
        return Unsandboxed()

    on_a_mac.setitem(selection._FINDERS, "seatbelt", find)
    with pytest.raises(SandboxUnavailable, match="seatbelt: A program in it could: read a hidden"):
        await choose("auto")


@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
async def test_a_mac_has_nothing_of_linux(level: str, on_a_mac: pytest.MonkeyPatch) -> None:
    with pytest.raises(SandboxUnavailable, match=f"has no {level}"):
        await choose(level)


async def test_linux_has_nothing_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(SandboxUnavailable, match="has no seatbelt"):
        await choose("seatbelt")
