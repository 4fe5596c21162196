"""The plugin in a real, headless Neovim, against the real server with a scripted engine.

Neovim is ``$ORPS_NVIM`` or ``nvim`` on the PATH. Without one the test is skipped, unless
``ORPS_REQUIRE_EDITORS=1`` says that it has to be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "nvim"
ANSWER = """import string


def slugify(title):
    kept = string.ascii_lowercase + string.digits
    words = "".join(c if c in kept else " " for c in title.lower()).split()
    return "-".join(words)
```
"""


@pytest.fixture
def nvim() -> str:
    found = os.environ.get("ORPS_NVIM") or shutil.which("nvim")
    if found is None:
        reason = "no Neovim: set ORPS_NVIM, or put nvim on the PATH"
        if os.environ.get("ORPS_REQUIRE_EDITORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_refine_hover_apply_undo_cancel(nvim: str, tmp_path: Path) -> None:
    project = tmp_path / "textkit"
    shutil.copytree(ROOT / "examples" / "textkit", project)
    script = tmp_path / "script.json"
    critique = "It splits as str.split does."
    script.write_text(json.dumps({"answers": [ANSWER], "critiques": [critique]}))
    folders = ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME")
    environment = {**os.environ, "HOME": str(tmp_path)}
    for name in folders:
        folder = tmp_path / name.lower()
        folder.mkdir(mode=0o700)
        environment[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = str(folder)
    command = [nvim, "--clean", "--headless", "--cmd", f"set rtp^={PLUGIN}"]
    # `-l` alone would skip plugins: the commands are what is tested.
    command += ["--cmd", f"source {PLUGIN / 'plugin' / 'orps.lua'}"]
    command += ["-l", str(Path(__file__).with_name("nvim_journey.lua"))]
    command += [str(project / "text.py"), sys.executable, str(script)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=project, timeout=180
    )
    assert (done.returncode, done.stdout) == (0, "OK\n"), done.stdout + done.stderr
