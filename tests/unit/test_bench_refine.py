"""`orps-lsp bench refine`: real runs over small projects, the second look, and the figures."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from evaluation_support import write_project
from report_support import candidate, outcome, verified
from rich.console import Console

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import Machine
from orps_lsp.bench.refine.projects import find
from orps_lsp.bench.refine.report import Report
from orps_lsp.bench.refine.result import Result
from orps_lsp.bench.refine.verification import Check, fault, verify
from orps_lsp.cli.bench.refine import show
from orps_lsp.config import Settings
from orps_lsp.evaluation.limits import Effort
from orps_lsp.evaluation.protocol import Evaluation, Speedup, Verdict
from orps_lsp.search.types import Candidate, Status

COMMAND = (sys.executable, "-m", "orps_lsp", "bench", "refine")
UNIQUE = """
def unique(items):
    found = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
"""
TESTS = """
from core import unique


def test_order():
    assert unique([3, 1, 3, 2]) == [3, 1, 2]


def test_many():
    assert unique([n % 300 for n in range(600)]) == list(range(300))
"""
FAST = "def unique(items):\n    return list(dict.fromkeys(items))\n"
WRONG = "def unique(items):\n    return items\n"
RENAMED = UNIQUE.replace("found", "result")
PYPROJECT = '[tool.orps-bench]\nfunction = "core.py::unique"\n'


def project(root: Path, **files: str) -> Path:
    """Write a project; ``files`` are other texts of core, tests or pyproject."""
    texts = {"core": UNIQUE, "tests": TESTS, "pyproject": PYPROJECT, **files}
    return write_project(
        root,
        {
            "core.py": texts["core"],
            "test_core.py": texts["tests"],
            "pyproject.toml": texts["pyproject"],
        },
    )


def scripted(folder: Path, *answers: str) -> list[str]:
    script = folder / "script.json"
    script.write_text(json.dumps({"answers": [f"{answer}```\n" for answer in answers]}))
    return ["--engine", "scripted", "--script", str(script), "--candidates", str(len(answers))]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_measures_every_project_and_checks_what_is_offered(tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    project(folder / "a")
    project(folder / "b", tests=TESTS + "\n\ndef test_fails():\n    assert unique([1]) == []\n")
    project(folder / "c", core=FAST)
    (folder / "notes").mkdir()
    before = tree(folder)
    out = tmp_path / "figures.json"
    engine = scripted(tmp_path, WRONG, FAST)
    command = [*COMMAND, str(folder), "--json", "--out", str(out), *engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == json.loads(out.read_text())
    assert (report["model"], report["method"], report["seconds_limit"]) == ("scripted", "orps", 120)
    assert (report["planned"], report["measured"], report["false_wins"]) == (3, 3, 0)
    assert report["improved_share"] == 0.333 and report["median_gain"] == 1
    a, b, c = report["functions"]
    assert a["verdict"] == "improved" and a["gain"] > 3
    assert a["best"]["speedup"]["low"] > 2 and "dict.fromkeys" in a["best"]["diff"]
    assert a["again"]["verdict"] == "verified" and a["again"]["fault"] == ""
    assert a["again"]["speedup"]["pairs"] > a["best"]["speedup"]["pairs"]
    found = a["best"]["evidence"]["replayed"] + a["best"]["evidence"]["generated"]
    assert a["again"]["inputs"] > 3 * found
    assert 0 < a["prepared_s"] < a["first_s"] <= a["best_s"]
    assert report["median_best_s"] == pytest.approx(a["best_s"], abs=0.01)
    assert a["candidates"]["generated"] == 2 and a["candidates"]["failed"] == 1
    assert [step["candidate"] for step in a["steps"]] == [2]
    wrong, fast = a["attempts"]
    assert (wrong["status"], fast["status"]) == ("failed", "verified")
    assert "return items" in wrong["code"] and wrong["reason"] and wrong["speedup"] is None
    assert fast["speedup"] == a["best"]["speedup"]
    assert b["verdict"] == "error" and "tests of `unique` fail" in b["error"]
    assert c["verdict"] == "nothing" and c["best"] is None and c["again"] is None
    assert tree(folder) == before
    assert "verifying it once more" in done.stderr


def test_ctrl_c_prints_what_was_measured_until_then(tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    project(folder / "a", core=FAST)
    project(folder / "b")
    command = [*COMMAND, str(folder), "--json", *scripted(tmp_path, WRONG, FAST)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr and process.stdout
        for line in process.stderr:
            if "b (2 of 2)" in line:
                break
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    report = json.loads(printed)
    assert (report["planned"], report["measured"]) == (2, 1)
    assert [function["project"] for function in report["functions"]] == ["a"]
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "cannot be listed"),
        (["."], "There is no project"),
        (["slow", "--only", "b"], "There is no project b"),
        (["slow", "--limit", "0"], "not '0'"),
        (["slow", "--seconds", "-1"], "at least 0"),
        (["slow", "--out", "no/such/folder/x.json"], "no file that could be written"),
        (["slow", "--engine", "scripted", "--script", "no.json"], "cannot be read"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: list[str], words: str) -> None:
    project(tmp_path / "slow" / "a")
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2) and words in done.stderr
    assert "Traceback" not in done.stderr


# Which projects


def test_projects_are_found_by_their_table(tmp_path: Path) -> None:
    project(tmp_path / "b")
    project(tmp_path / "a", pyproject='[tool.orps-bench]\nfunction = "core.py::Class.method"\n')
    project(tmp_path / "other", pyproject="[project]\nname = 'other'\n")
    found = find(tmp_path)
    assert [(each.name, each.function) for each in found] == [
        ("a", "core.py::Class.method"),
        ("b", "core.py::unique"),
    ]
    assert find(tmp_path, ["b"]) == found[1:]
    assert find(tmp_path / "b") == found[1:], "a project may be named itself"


@pytest.mark.parametrize(
    "table",
    [
        "[tool.orps-bench]",
        '[tool.orps-bench]\nfunction = "core.py"',
        "[tool.orps-bench]\nfunction = 7",
        '[tool.orps-bench]\nfunction = "none.py::f"',
        '[tool.orps-bench]\nfunction = "../outside.py::f"',
        '[tool]\norps-bench = "core.py::unique"',
    ],
)
def test_a_wrong_table_is_an_error(tmp_path: Path, table: str) -> None:
    (tmp_path / "outside.py").write_text("def f():\n    pass\n")
    project(tmp_path / "a", pyproject=table)
    with pytest.raises(BenchError, match="names no function"):
        find(tmp_path)


# The second verification


@pytest.mark.parametrize(
    ("module", "found"),
    [
        (FAST, ""),
        (WRONG, "failed_tests: "),
        ("def unique(items):\n    return [*dict.fromkeys(items)][:300]\n", "disagrees: "),
        (RENAMED, "not_faster: "),
    ],
)
async def test_an_edit_that_does_not_hold_is_found_out(
    tmp_path: Path, module: str, found: str
) -> None:
    [made] = find(project(tmp_path / "a"))
    effort = Effort(seed=1, inputs=2, rounds=9, seconds=10.0)
    check = await verify(made.target(), module, True, Settings(), effort)
    assert check.fault.startswith(found) and bool(check.fault) == bool(found), check
    assert check.seconds > 0


def test_what_was_not_offered_as_faster_need_not_be_faster() -> None:
    slow = replace(verified(), speedup=Speedup(1.0, 0.98, 1.01, 9))
    assert fault(slow, faster=False) == ""
    assert fault(slow, faster=True) == "not_faster: 1.00x (0.98 to 1.01) is no claim."
    unknown = verified(None, unchecked=("A call did not end.",))
    assert fault(unknown, faster=True).endswith("measured again. A call did not end.")
    broken = Evaluation(Verdict.BROKEN, (), "it crashed")
    assert fault(broken, faster=False) == "broken: it crashed"


# Figures


def won(number: int, speedup: float | None) -> Candidate:
    return candidate(number, Status.VERIFIED, evaluation=verified(speedup))


def result(*candidates: Candidate, best: int, again: float | None, fault: str = "") -> Result:
    measured = verified(again)
    check = Check(measured.verdict, fault, measured.speedup, 5000, 20.0)
    offered = (best,) if best else ()
    found = outcome(*candidates, offered=offered)
    return Result("p", "core.py::f", found, 2.0, check if best else None)


def report(*results: Result, planned: int = 0) -> Report:
    machine = Machine("cpu", 2, 0.1, 1.0)
    return Report(results, planned or len(results), Settings(), machine, "today")


def test_gains_are_those_of_the_second_measurement() -> None:
    assert result(won(1, 3.0), best=1, again=2.0).gain == 2.0
    assert result(won(1, 3.0), best=1, again=1.1).improved is False
    assert result(won(1, 3.0), best=1, again=2.0, fault="disagrees").gain == 1.0
    assert result(won(1, None), best=1, again=1.0).gain == 1.0
    assert result(best=0, again=None).gain == 1.0
    assert Result("p", "core.py::f", error="no tests").gain == 1.0


def test_times_count_from_the_request() -> None:
    found = result(won(3, 5.0), won(1, 1.5), won(2, 1.4), candidate(4), best=3, again=5.0)
    assert [step.id for step in found.steps] == [1, 3]
    assert (found.first_seconds, found.best_seconds) == (5.0, 11.0)
    none = result(candidate(1), best=0, again=None)
    assert none.first_seconds is None and none.best_seconds is None


def test_the_report_counts_every_function() -> None:
    data = report(
        result(won(1, 6.0), best=1, again=6.0),
        result(won(1, 2.0), best=1, again=2.0),
        result(won(1, 9.0), best=1, again=9.0, fault="disagrees: f(1)"),
        result(best=0, again=None),
        Result("p", "core.py::f", error="its tests fail"),
    ).to_json()
    assert data["improved_share"] == 0.4
    assert data["median_gain"] == 1.0
    assert data["false_wins"] == 1
    assert data["median_first_s"] == data["median_best_s"] == 5.0
    assert data["tokens"] == 800
    verdicts = [function["verdict"] for function in data["functions"]]
    assert verdicts == ["improved", "improved", "FALSE WIN", "nothing", "error"]


def test_a_report_of_nothing_has_no_figures(capsys: pytest.CaptureFixture[str]) -> None:
    empty = report(planned=3)
    data = empty.to_json()
    assert data["improved_share"] is data["median_gain"] is data["median_first_s"] is None
    show(empty)
    assert "Interrupted: 0 of 3 were measured." in capsys.readouterr().out


def test_people_see_faults_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = result(won(1, 9.0), best=1, again=9.0, fault="disagrees: f(1) is 2")
    show(report(wrong, Result("q", "core.py::g", error="its tests fail")))
    printed = capsys.readouterr().out
    assert "p: disagrees: f(1) is 2" in printed and "q: its tests fail" in printed
    assert "False wins: 1." in printed
    assert "9.00x (8.10-9.90)" in printed
    assert max(map(len, printed.splitlines())) > Console(width=80).width, "nothing is cut off"
