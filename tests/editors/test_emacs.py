"""The package for Emacs in a real Emacs in batch mode, against the real server.

Each journey is a file of ``emacs/``. Emacs is ``$ORPS_EMACS`` or ``emacs`` on the PATH, with Eglot
(Emacs 29, or 28 with the package). Without one the tests are skipped, unless
``ORPS_REQUIRE_EDITORS=1`` says that it has to be there.
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
from scripted import SLUGIFY, write_script

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "editors" / "emacs"
JOURNEYS = Path(__file__).with_name("emacs")
CRITIQUE = "It splits as str.split does."
ONE = {"candidates": 1, "rounds": 1}
SERVER = [sys.executable, "-m", "orps_lsp", "serve"]
EGLOT = "(progn (package-initialize) (require 'eglot))"

Journey = Callable[..., None]


@pytest.fixture(scope="module")
def emacs() -> list[str]:
    """The command of an Emacs without the user's configuration, but with installed packages."""
    found = os.environ.get("ORPS_EMACS") or shutil.which("emacs")
    reason = "no Emacs: set ORPS_EMACS, or put emacs on the PATH"
    if found is not None:
        command = [found, "-q", "--no-site-file", "--batch"]
        if _run([*command, "--eval", EGLOT]).returncode == 0:
            return command
        reason = "this Emacs has no Eglot (Debian: elpa-eglot)"
    if os.environ.get("ORPS_REQUIRE_EDITORS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "text kit"
    shutil.copytree(ROOT / "examples" / "textkit", folder)
    return folder


@pytest.fixture
def journey(emacs: list[str], tmp_path: Path, project: Path) -> Journey:
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment["ORPS_FILE"] = str(project / "text.py")
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        environment[f"XDG_{name}_HOME"] = str(tmp_path / name.lower())

    def run(name: str, *through: str, delay: float = 0.0, **settings: Any) -> None:
        environment["ORPS_PROGRAM"] = json.dumps([*through, *SERVER])
        engine = write_script(tmp_path / "script.json", SLUGIFY, critique=CRITIQUE, delay=delay)
        environment["ORPS_SETTINGS"] = json.dumps({**engine, **settings})
        command = [*emacs, "-L", str(PACKAGE), "-L", str(JOURNEYS)]
        done = _run([*command, "-l", str(JOURNEYS / f"{name}.el")], environment, project)
        assert (done.returncode, done.stdout[-3:]) == (0, "OK\n"), done.stdout + done.stderr

    return run


def _run(
    command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, timeout=180
    )


def test_refine_look_apply_undo_restart(journey: Journey) -> None:
    journey("refine-and-apply", **ONE)


def test_searches_queue_are_cancelled_and_used_early(journey: Journey) -> None:
    journey("cancel-and-queue", delay=3.0, candidates=0, rounds=20)


def test_line_endings_and_astral_characters_are_kept(journey: Journey, project: Path) -> None:
    file = project / "text.py"
    text = 'GREETING = "😀"\n' + file.read_text().replace("-> str:\n", "-> str:  # 😀 astral\n", 1)
    text = text.partition("\n")[2].replace("import re\n", 'import re\n\nGREETING = "😀"\n')
    file.write_bytes(text.replace("\n", "\r\n").encode())
    journey("line-endings", **ONE)
    written = file.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > 0
    assert 'GREETING = "😀"\r\n' in written.decode()
    assert "string.ascii_lowercase" in written.decode()


def test_it_runs_beside_another_server_through_a_multiplexer(journey: Journey) -> None:
    rass, ruff = shutil.which("rass"), shutil.which("ruff")
    if rass is None or ruff is None:
        pytest.skip("no rass (rassumfrassum) or no ruff on the PATH")
    journey("beside-another-server", rass, "--", ruff, "server", "--", **ONE)


def test_the_package_compiles_without_warnings_and_is_documented(
    emacs: list[str], tmp_path: Path
) -> None:
    copy = shutil.copy(PACKAGE / "orps.el", tmp_path)
    strict = "(progn (package-initialize) (setq byte-compile-error-on-warn t))"
    done = _run([*emacs, "--eval", strict, "-f", "batch-byte-compile", str(copy)])
    assert done.returncode == 0, done.stderr
    style = f'(progn (package-initialize) (checkdoc-file "{copy}"))'
    assert _run([*emacs, "--eval", style]).stderr == ""
