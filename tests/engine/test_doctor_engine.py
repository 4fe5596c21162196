"""``orps-lsp doctor`` with the real library, the smallest real model, and real ends of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from orps_lsp.doctor import build

MODEL = "smollm2-135m"
DOCTOR = (sys.executable, "-m", "orps_lsp", "doctor", "--model", MODEL)
SECONDS = 240.0
pytestmark = [
    pytest.mark.usefixtures("model_path"),
    pytest.mark.skipif(os.name != "posix", reason="signals"),
]


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*DOCTOR, *arguments],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def engine_of(process: subprocess.Popen[str]) -> psutil.Process:
    """Wait for the engine's process, once its library is about to be loaded."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children():
            try:
                if "orps_lsp.llm.llama_cpp.child" in child.cmdline():
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.01)
    raise AssertionError("the engine was never started")


async def test_the_probe_tells_what_is_built() -> None:
    found = await build.probe()
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.version)
    assert found.features
    assert found.devices
    assert found.devices[-1].type == "cpu"
    assert found.devices[-1].total_bytes > 0


def test_a_machine_that_can_generate_is_ready(tmp_path: Path) -> None:
    with running("--json", cwd=tmp_path) as process:
        out, err = process.communicate(timeout=SECONDS)
    report = json.loads(out)
    assert process.returncode == 0, out + err
    assert report["ready"] is True
    checks = {check["name"]: check for check in report["checks"]}
    assert list(checks) == [
        *("processor", "llama_cpp", "gpu", "model", "memory", "generation", "sandbox"),
        *("interpreter", "pytest", "cache_folder", "models_folder", "settings"),
    ]
    speeds = re.search(
        r"reads (\d+) tokens/s and writes ([\d.]+) tokens/s", checks["generation"]["found"]
    )
    assert speeds
    assert int(speeds[1]) > 0
    assert float(speeds[2]) > 0


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_an_engine_that_dies_is_explained(tmp_path: Path, number: signal.Signals) -> None:
    with running(cwd=tmp_path) as process:
        engine_of(process).send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, out + err
    (line,) = (line for line in out.splitlines() if line.startswith("✗"))
    assert line.startswith("✗ generation")
    assert number.name in line
    assert "-DGGML_NATIVE=OFF" in out
    assert "Traceback" not in out + err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_with_its_children(tmp_path: Path, number: signal.Signals) -> None:
    with running(cwd=tmp_path) as process:
        engine = engine_of(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        assert err.strip().splitlines()[-1] == "orps-lsp: interrupted"
        assert "Traceback" not in out + err
        assert not engine.is_running()
