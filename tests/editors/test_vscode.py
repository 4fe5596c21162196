"""The extension in VS Code's real workbench, against the real server with a scripted engine.

``tests/editors/vscode/install.sh`` installs what is needed. Where it is missing, tests are skipped,
unless ``ORPS_REQUIRE_EDITORS=1`` says that it has to be there. Each group is one start of VS Code.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest
from editor_project import LATER, EditorProject
from scripted import BY_KEYS, BY_SET, BY_SUM, UNORDERED

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
HARNESS = Path(__file__).with_name("vscode")
CACHE = Path(
    os.environ.get("ORPS_VSCODE_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orps-lsp-tests"
)
VERSIONS = ("ceiling", "floor")
SECONDS = 240  # of one start of VS Code
SERVE = [sys.executable, "-m", "orps_lsp", "serve"]
# The part of the Python extension's API that is used.
PYTHON_EXTENSION = """
const vscode = require("vscode");
const environments = {
  getActiveEnvironmentPath: () => ({ path: %s }),
  resolveEnvironment: async ({ path }) => ({ executable: { uri: vscode.Uri.file(path) } }),
  onDidChangeActiveEnvironmentPath: new vscode.EventEmitter().event,
};
exports.activate = () => ({ environments });
"""


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    needed = {
        "node": found,
        "chromium": shutil.which("chromium"),
        "VS Code": all((CACHE / f"vscode-{name}" / "complete").exists() for name in VERSIONS),
        "playwright": (CACHE / "vscode-driver" / "complete").exists(),
        "the extension's packages": (EXTENSION / "node_modules").exists(),
    }
    missing = ", ".join(name for name, there in needed.items() if not there)
    if missing:
        reason = f"missing: {missing}; run tests/editors/vscode/install.sh"
        if os.environ.get("ORPS_REQUIRE_EDITORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(found)


@pytest.fixture(scope="session")
def vsix(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as it is shipped."""
    path = tmp_path_factory.mktemp("vsix") / "orps-lsp.vsix"
    command = ["npm", "run", "--silent", "package", "--", "--out", str(path)]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="session")
def extension(vsix: Path) -> Path:
    """The folder that VS Code makes of it."""
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(vsix.parent)
    return vsix.parent / "extension"


class Window:
    """Starts VS Code on one project; what it leaves in its folders is there the next time."""

    def __init__(self, node: str, extension: Path, version: str, folder: Path) -> None:
        self.project = EditorProject(folder / "project")
        self._node = node
        self._folder = folder
        self._user = folder / "vscode"
        self._user.mkdir()
        chromium = str(Path(shutil.which("chromium") or "").resolve())
        self.config: dict[str, Any] = {
            "vscode": str(CACHE / f"vscode-{version}"),
            "driver": str(CACHE / "vscode-driver"),
            "chromium": chromium,
            "folder": str(self._user),
            "extension": str(extension),
            "workspace": str(self.project.folder),
            "seconds": SECONDS,
            "trustEverything": True,
            "environment": {"HOME": str(folder), "ORPS_LSP_STORE": str(folder / "store")},
            "settings": {
                "orps.server.command": SERVE,
                "orps.engine": "scripted",
                "orps.script": self.project.script("unique", BY_KEYS, BY_SET),
            },
            "fixtures": {"settings": str(self._user / "user" / "Machine" / "settings.json")},
        }

    def tests(self, group: str) -> None:
        """Run a group of tests in the extension host; fails with all that failed."""
        done = self.run("inhost.mjs", group=group)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        for result in results:
            state = "FAILED" if result["error"] else "ok"
            print(f"{state:7}{result['seconds']:5.1f} s  {result['test']}")
        failures = [f"{each['test']}\n{each['error']}" for each in results if each["error"]]
        told = "\n\n".join(failures) or done.stderr
        assert (done.returncode, failures) == (0, []), f"{told}\n\nlogs: {self._user}"
        assert results, done.stderr

    def run(self, program: str, **more: object) -> subprocess.CompletedProcess[str]:
        file = self._folder / "config.json"
        file.write_text(json.dumps({**self.config, **more}))
        command = [self._node, str(HARNESS / program), str(file)]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60)


@pytest.fixture(params=VERSIONS)
def window(node: str, extension: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Window:
    return Window(node, extension, request.param, tmp_path)


def test_in_a_trusted_workspace_and_after_a_new_start(window: Window) -> None:
    script = window.project.script
    window.config["fixtures"]["scripts"] = {
        "unique": script("unique", BY_KEYS, BY_SET),
        "slow": script("slow", UNORDERED, BY_SUM, delay=6),
        "early": script("early", BY_KEYS, UNORDERED, BY_SET, delay=3),
        "later": script("later", LATER),
    }
    window.tests("trusted")
    window.tests("reopened")


def test_in_an_untrusted_workspace(window: Window, tmp_path: Path) -> None:
    project, marker = window.project.folder, tmp_path / "it-ran"
    interpreter = project / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    interpreter.chmod(0o755)
    settings = project / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"orps.server.command": [str(interpreter)]}))
    window.config["trustEverything"] = False
    window.config["fixtures"] |= {"marker": str(marker), "command": SERVE}
    window.tests("untrusted")


def test_without_a_server(window: Window, tmp_path: Path) -> None:
    _hide_the_server(window, tmp_path)
    window.config["fixtures"]["package"] = str(_package(tmp_path))
    window.tests("missing")


def test_with_the_python_extension(window: Window, tmp_path: Path) -> None:
    _hide_the_server(window, tmp_path)
    folder = Path(window.config["folder"]) / "extensions" / "ms-python.python-1.0.0"
    folder.mkdir(parents=True)
    manifest = {
        "publisher": "ms-python",
        "name": "python",
        "version": "1.0.0",
        "engines": {"vscode": "^1.80.0"},
        "main": "./main.js",
        "activationEvents": [],
    }
    (folder / "package.json").write_text(json.dumps(manifest))
    (folder / "main.js").write_text(PYTHON_EXTENSION % json.dumps(sys.executable))
    window.config["fixtures"]["selected"] = sys.executable
    window.tests("python_extension")


def test_a_program_is_ended_with_what_it_started(node: str, tmp_path: Path) -> None:
    module = tmp_path / "processes.js"
    bundle = ["npx", "esbuild", "src/processes.ts", "--format=cjs", f"--outfile={module}"]
    subprocess.run(bundle, cwd=EXTENSION, capture_output=True, check=True, timeout=60)
    script = """
        const { run } = require(process.argv[1]);
        const options = { cwd: "/", timeout_ms: 2000 };
        run("sh", ["-c", "sleep 600 & echo $!; wait"], options)
          .then((ran) => console.log(JSON.stringify(ran)));
    """
    command = [node, "-e", script, str(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    ran = json.loads(done.stdout)
    assert ran["code"] is None
    with contextlib.suppress(psutil.NoSuchProcess):  # nobody may have buried it yet
        assert psutil.Process(int(ran["output"])).status() == psutil.STATUS_ZOMBIE


def _hide_the_server(window: Window, folder: Path) -> None:
    """Leave one interpreter on the PATH, which has no orps-lsp."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    (programs / "env").symlink_to("/usr/bin/env")
    window.config["environment"]["PATH"] = str(programs)
    del window.config["settings"]["orps.server.command"]


def _wheel(folder: Path) -> Path:
    """A wheel of our name that leads to the server under test: a true one builds llama.cpp."""
    path = folder / "orps_lsp-0.1.0-py3-none-any.whl"
    main = f"""\
        import os, sys

        python = {sys.executable!r}
        os.execv(python, [python, "-m", "orps_lsp", *sys.argv[1:]])
    """
    info = "orps_lsp-0.1.0.dist-info"
    files = {
        "orps_lsp/__init__.py": "",
        "orps_lsp/__main__.py": textwrap.dedent(main),
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: orps-lsp\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return path


def _package(folder: Path) -> Path:
    """A source package of our name; it can only be built as a portable llama.cpp is."""
    source = folder / "source"
    source.mkdir()
    wheel = _wheel(source)
    backend = f"""\
        import os, shutil

        def build_wheel(folder, config_settings=None, metadata_directory=None):
            assert "-DGGML_NATIVE=OFF" in os.environ["CMAKE_ARGS"]
            shutil.copy({str(wheel)!r}, folder)
            return {wheel.name!r}
    """
    (source / "backend.py").write_text(textwrap.dedent(backend))
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (source / "pyproject.toml").write_text(build)
    return source


def test_clicked_through(window: Window, vsix: Path, request: pytest.FixtureRequest) -> None:
    """Screenshots go to ``$ORPS_SCREENSHOTS``, in a folder for each version."""
    target = Path(os.environ.get("ORPS_SCREENSHOTS") or window.config["folder"])
    version = request.node.callspec.params["window"]
    # Slow enough for each step to be seen.
    answers = (BY_KEYS, BY_SET, UNORDERED)
    window.config["settings"]["orps.script"] = window.project.script("slow", *answers, delay=1)
    window.config["settings"] |= {"orps.candidates": 9, "orps.rounds": 3}
    screenshots = str(target / version)
    done = window.run("clickthrough.mjs", vsix=str(vsix), screenshots=screenshots)
    assert done.returncode == 0, f"{done.stderr}\nscreenshots: {screenshots}"
    assert len(list(Path(screenshots).glob("*.png"))) == 7
