"""The plugin in a real, headless Neovim, against the real server with a scripted engine.

Each journey is a file of ``nvim/``. Neovim is ``$ORPS_NVIM`` or ``nvim`` on the PATH. Without one
the tests are skipped, unless ``ORPS_REQUIRE_EDITORS=1`` says that it has to be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import BY_KEYS, BY_SET, SLUGIFY, UNIQUE, UNIQUE_TESTS, write_script

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "nvim"
JOURNEYS = Path(__file__).with_name("nvim")
CRITIQUE = "It splits as str.split does."
ONE = {"candidates": 1, "rounds": 1}

Journey = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "text kit"
    shutil.copytree(ROOT / "examples" / "textkit", folder)
    return folder


@pytest.fixture
def journey(tmp_path: Path, project: Path) -> Journey:
    """Runs a journey in an editor that has nothing of this machine's user."""
    nvim = _neovim()
    environment = {**os.environ, "HOME": str(tmp_path), "ORPS_PYTHON": sys.executable}
    environment["LUA_PATH"] = f"{JOURNEYS}/?.lua;;"
    for name in ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME"):
        folder = tmp_path / name.lower()
        folder.mkdir(mode=0o700)
        environment[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = str(folder)

    def run(
        name: str, *answers: str, file: str = "text.py", delay: float = 0.0, **settings: Any
    ) -> None:
        script, answers = tmp_path / "script.json", answers or (SLUGIFY,)
        engine = write_script(script, *answers, critique=CRITIQUE, delay=delay)
        environment["ORPS_SETTINGS"] = json.dumps({**engine, **settings})
        command = [nvim, "--clean", "--headless", "--cmd", f"set rtp^={PLUGIN}"]
        # `-l` alone would skip plugins: the commands are what is tested.
        command += ["--cmd", f"source {PLUGIN / 'plugin' / 'orps.lua'}"]
        command += ["-l", str(JOURNEYS / f"{name}.lua"), str(project / file)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=project, timeout=180
        )
        assert (done.returncode, done.stdout) == (0, "OK\n"), done.stdout + done.stderr

    return run


def _neovim() -> str:
    found = os.environ.get("ORPS_NVIM") or shutil.which("nvim")
    if found is None:
        reason = "no Neovim: set ORPS_NVIM, or put nvim on the PATH"
        if os.environ.get("ORPS_REQUIRE_EDITORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_refine_look_apply_undo(journey: Journey, project: Path) -> None:
    (project / "lists.py").write_text(f'"""Lists."""\n\n\n{UNIQUE}')
    (project / "tests" / "test_lists.py").write_text(
        f"from lists import unique\n\n\n{UNIQUE_TESTS}"
    )
    journey("refine_and_apply", BY_KEYS, BY_SET, file="lists.py", candidates=2, rounds=1)


def test_searches_queue_are_cancelled_and_used_early(journey: Journey) -> None:
    journey("cancel_and_queue", delay=3.0, candidates=0, rounds=20)


def test_results_outlive_a_crash_of_the_server(journey: Journey) -> None:
    journey("crash_and_restart", **ONE)


def test_line_endings_and_astral_characters_are_kept(journey: Journey, project: Path) -> None:
    file = project / "text.py"
    text = file.read_text().replace(
        "WORDS_PER_MINUTE = 220", 'GREETING = "😀"\nWORDS_PER_MINUTE = 220'
    )
    text = text.replace("-> str:\n", "-> str:  # 😀 astral\n", 1)
    file.write_bytes(text.replace("\n", "\r\n").encode())
    journey("line_endings", **ONE)
    written = file.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > text.count("\n") - 3
    assert 'GREETING = "😀"\r\n' in written.decode()
    assert "string.ascii_lowercase" in written.decode()


def test_a_missing_model_is_told_with_the_way_to_get_it(journey: Journey) -> None:
    journey("health_and_model")


def test_an_old_neovim_is_told(journey: Journey) -> None:
    journey("too_old")
