"""The command as users run it: real process and sandbox, a scripted or a small real model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FUNCTION = "report.py::customers_with_repeat_orders"
FAST = """\
    counts = Counter(order["customer_id"] for order in orders)
    return [customer for customer, count in counts.items() if count > 1]
```
"""
WRONG = "    return []\n```\n"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    project = tmp_path / "orders"
    shutil.copytree(EXAMPLES / "orders", project, ignore=shutil.ignore_patterns("__pycache__"))
    return project


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "orps_lsp", *arguments]


def orps(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )


def scripted(folder: Path, **script: Any) -> list[str]:
    path = folder / "script.json"
    path.write_text(json.dumps(script))
    return ["--engine", "scripted", "--script", str(path)]


def test_json_is_the_outcome_and_the_workspace_stays_as_it_was(
    orders: Path, tmp_path: Path
) -> None:
    before = tree(orders)
    engine = scripted(tmp_path, answers=[WRONG, FAST])
    done = orps(orders, "refine", FUNCTION, "--json", "--candidates", "4", *engine)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["function"] == FUNCTION
    assert outcome["intent"] == "optimise"
    assert outcome["baseline"]["tests"] == {"passed": 10, "failed": 0}
    assert outcome["sandbox"] in ("bubblewrap", "landlock")
    (best,) = outcome["refinements"]
    assert best["tests"] == {"passed": 10, "total": 10}
    assert best["speedup"]["low"] > 3
    assert best["evidence"]["replayed"] > 0 and best["evidence"]["disagreements"] == 0
    assert "+from collections import Counter" in best["diff"]
    assert tree(orders) == before
    assert "round 1/3" in done.stderr


def test_apply_writes_the_edit_and_the_tests_still_pass(orders: Path, tmp_path: Path) -> None:
    engine = scripted(tmp_path, answers=[FAST])
    done = orps(orders, "refine", FUNCTION, "--apply", "1", "--candidates", "2", *engine)
    assert done.returncode == 0, done.stderr
    assert "x faster, 10/10 tests" in done.stdout
    assert "Counter(order" in (orders / "report.py").read_text()
    suite = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=orders,
        capture_output=True,
        text=True,
        check=False,
    )
    assert suite.returncode == 0, suite.stdout


def test_a_line_names_the_function_around_it(orders: Path, tmp_path: Path) -> None:
    lines = (orders / "report.py").read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "number_of_orders += 1" in text)
    engine = scripted(tmp_path, answers=[WRONG])
    done = orps(orders, "refine", f"report.py:{line}", "--json", "--candidates", "1", *engine)
    outcome = json.loads(done.stdout)
    assert outcome["function"] == FUNCTION
    assert outcome["candidates"]["failed"] == 1
    assert outcome["refinements"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "required: COMMAND"),
        (["refine"], 2, "FILE::QUALNAME"),
        (["refine", "report.py"], 2, "names no function"),
        (["refine", FUNCTION, "--intent", "magic"], 2, "invalid choice"),
        (["refine", FUNCTION, "--seconds", "-1"], 2, "at least 0"),
        (["refine", FUNCTION, "--method", "magic"], 2, "must be one of orps, chain, best_of_n"),
        (["refine", "none.py::f"], 1, "does not exist"),
        (["refine", "report.py::nobody"], 1, "nobody"),
        (["refine", "report.py::customers_with_repeat_order"], 1, "customers_with_repeat_orders"),
        (["refine", "broken.py::f"], 1, "line 1"),
        (["refine", "lonely.py::unused", "--engine", "scripted"], 1, "No test touches `unused`"),
        (["refine", FUNCTION, "--intent", "fix", "--engine", "scripted"], 1, "nothing to fix"),
        (["refine", FUNCTION, "--engine", "scripted", "--script", "no"], 1, "cannot be read"),
        (["refine", FUNCTION, "--model", "no-such-model"], 1, "no-such-model"),
        (["serve", "--tcp", "nowhere"], 2, "HOST:PORT"),
    ],
)
def test_bad_input_gets_a_clear_message(
    orders: Path, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    (orders / "broken.py").write_text("def f(:\n")
    (orders / "lonely.py").write_text("def unused(x):\n    return x + 1\n")
    if "scripted" in arguments and "--script" not in arguments:
        arguments = [*arguments, *scripted(tmp_path, answers=[WRONG])[2:]]
    done = orps(orders, *arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@contextmanager
def running(cwd: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that is ended whatever happens; leaves its output in files."""
    with (cwd.parent / "out").open("w") as out, (cwd.parent / "err").open("w") as err:
        process = subprocess.Popen(command(*arguments), cwd=cwd, stdout=out, stderr=err, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(cwd: Path, words: str) -> None:
    deadline = time.monotonic() + 120
    while words not in (cwd.parent / "err").read_text():
        assert time.monotonic() < deadline, (cwd.parent / "err").read_text()
        time.sleep(0.05)


def alive(pids: list[int]) -> list[int]:
    """Which of the processes are left after a bounded time."""
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, left = psutil.wait_procs(processes, timeout=10)
    return [p.pid for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_nothing_is_left_behind(
    orders: Path, tmp_path: Path, number: signal.Signals
) -> None:
    before = tree(orders)
    engine = scripted(tmp_path, answers=[FAST, "    while True: pass\n```\n"])
    with running(orders, "refine", FUNCTION, "--json", *engine) as process:
        wait_for(orders, "#1 ")
        pids = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        assert pids
        os.kill(process.pid, number)
        status = process.wait(timeout=20)
        assert alive(pids) == []
    assert tree(orders) == before
    if number is not signal.SIGKILL:
        assert status == 0
        outcome = json.loads((tmp_path / "out").read_text())
        assert outcome["stop_reason"] == "cancelled"
        assert len(outcome["refinements"]) == 1


def test_the_whole_way_with_a_real_model(orders: Path) -> None:
    """SmolLM2 is too weak to find anything; every part must work all the same."""
    arguments = ["--model", "smollm2-135m", "--candidates", "4", "--rounds", "1", "--seconds", "90"]
    done = orps(orders, "refine", FUNCTION, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["model"] == "smollm2-135m"
    assert outcome["stop_reason"] in ("budget_rounds", "budget_seconds")
    counts = outcome["candidates"]
    assert counts["generated"] == sum(counts.values()) - counts["generated"] > 0
    assert outcome["tokens"]["generated"] > 0
    assert outcome["tokens"]["reused"] > 0


def test_no_network_is_needed(orders: Path) -> None:
    isolated = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*isolated, "true"]).returncode:
        pytest.skip("this system does not let us cut the network off")
    arguments = ["--model", "smollm2-135m", "--candidates", "2", "--rounds", "1", "--seconds", "60"]
    done = subprocess.run(
        [*isolated, *command("refine", FUNCTION, "--json", *arguments)],
        cwd=orders,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["candidates"]["generated"] > 0
