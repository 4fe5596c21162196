"""``orps-lsp bench tasks`` and ``bench compare``: real sandbox, real pytest, written answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.tasks import statistics
from orps_lsp.bench.tasks.compare import compare
from orps_lsp.bench.tasks.page import render
from orps_lsp.bench.tasks.project import stub
from orps_lsp.bench.tasks.records import About, Point, Record, Run
from orps_lsp.bench.tasks.skeleton import signature
from orps_lsp.bench.tasks.task import BenchTask, Interface, interface, load, setup_of, shuffled
from orps_lsp.cli import main

MIDDLE = {
    "task_id": "own/middle",
    "instruction": 'Return the middle value, or the upper.\n>>> middle([3, 1, 2])\n2\n"Yes"',
    "setup": "",
    "visible_tests": ["assert middle([3, 1, 2]) == 2", "assert middle([5]) == 5"],
    "hidden_tests": ["assert middle([1, 2]) == 2", "assert middle([4, 9, 5, 7]) == 7"],
    "reference": "def middle(xs):\n    return sorted(xs)[len(xs) // 2]",
}
TWICE = {
    "task_id": "own/twice",
    "instruction": "Give each item twice.",
    "signature": "def twice(xs: list[int]) -> list[int]:",
    "setup": "from code import twice\nimport math\n",
    "visible_tests": ["xs = [1, 2]\nassert twice(xs) == [1, 1, 2, 2]"],
    "hidden_tests": ["assert twice([]) == []", "assert twice([2, 1]) == [2, 2, 1, 1]"],
    "reference": "def twice(xs):\n    return [x for x in xs for _ in range(2)]",
}
FAULTY = {**TWICE, "task_id": "own/faulty", "hidden_tests": ["assert twice([1]) == [1]"]}
BLIND = {**TWICE, "task_id": "own/blind", "visible_tests": []}


def write(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(task)}\n" for task in tasks))
    return path


def bench(*arguments: object) -> int:
    return main(["bench", *map(str, arguments)])


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write(tmp_path / "tasks.jsonl", MIDDLE, TWICE, FAULTY, BLIND)


def script(folder: Path, *answers: str, headers: tuple[str, ...] = ("xs):",)) -> tuple[object, ...]:
    """The options for an engine whose first answer is a header."""
    path = folder / "script.json"
    path.write_text(json.dumps({"answers": [*headers, *answers]}))
    return ("--engine", "scripted", "--script", path)


def test_a_run_is_scored_by_the_hidden_tests(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = script(
        tmp_path,
        "    return sorted(xs)[1 if len(xs) == 3 else 0]",  # passes what is visible
        "    return 1 / 0",
        "    return sorted(xs)[len(xs) // 2]",
        headers=("xs):",),
    )
    only = write(tmp_path / "one.jsonl", MIDDLE)
    out = tmp_path / "run"
    options = ("--method", "best_of_n", "--candidates", 1, "--out", out, "--json", *engine)
    assert bench("tasks", only, *options) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tasks"], found["pass_at_1"], found["tests"]) == (1, 0.0, 0.0)
    assert (found["valid"], found["time"]) == (1.0, None)
    record = Run.load(out).records["own/middle"]
    assert (record.visible_passed, record.visible_total) == (2, 2)
    assert record.statuses == {"verified": 1}
    assert "sorted(xs)[1 if" in record.picked

    options = ("--method", "best_of_n", "--candidates", 3, "--json", *engine)
    assert bench("tasks", only, *options) == 0
    found = json.loads(capsys.readouterr().out)
    # Which of both that pass is given is a matter of agreement; both are among the candidates.
    assert found["tasks"] == 1
    assert found["tokens_per_task"] > record.tokens


def test_what_says_nothing_is_apart_and_a_run_goes_on(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = script(tmp_path, "    return [x for x in xs for _ in (0, 1)]", headers=())
    out = tmp_path / "run"
    options = ("--method", "chain", "--tokens", 20, "--out", out, "--parallel", 1, *engine)
    only = write(tmp_path / "some.jsonl", TWICE, FAULTY, BLIND)
    assert bench("tasks", only, *options) == 0
    said = capsys.readouterr().out
    assert "Pass@1" in said and "1 tasks" in said
    assert "Left out: own/faulty. The reference passes 0 of 1 hidden tests." in said
    assert "Left out: own/blind. It has no visible tests" in said
    lines = (out / "records.jsonl").read_text().splitlines()
    record = Run.load(out).records["own/twice"]
    assert record.correct and record.valid and record.time and 0.2 < record.time < 5
    assert record.curve == (Point(record.curve[0].tokens, 1, True, 2),)

    # A cut-off line is a task that is run again; with all records there is nothing to do.
    (out / "records.jsonl").write_text("\n".join([*lines, lines[0][:20]]))
    assert bench("tasks", only, *options) == 0
    assert Run.load(out).records["own/twice"] == record
    assert capsys.readouterr().out == said
    kept = [line for line in lines if "own/twice" not in line]
    (out / "records.jsonl").write_text("\n".join([*kept, lines[0][:20]]))
    assert bench("tasks", only, *options) == 0
    again = Run.load(out).records["own/twice"]
    assert (again.fresh, again.picked) == (0, record.picked)  # what was generated is kept
    assert again.reused == record.fresh

    assert bench("tasks", only, *options, "--seed", 7) == 1
    assert "holds a run with other options" in capsys.readouterr().err


def test_runs_are_compared_task_by_task(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = About("t.jsonl", "a1", "chain", "m", "b2", 600, 0, 0, 0)
    solved = Record("a", passed=2, total=2, valid=True, time=1.0, tokens=10,
                    statuses={"verified": 1}, curve=(Point(5, 1, True, 2),))  # fmt: skip
    lost = Record("b", passed=1, total=2, tokens=20, statuses={"broken": 2, "failed_tests": 1})
    first = Run.open(tmp_path / "first", about)
    other = Run.open(tmp_path / "other", replace(about, method="orps"))
    for record in (solved, lost):
        first.add(record)
    for record in (replace(solved, time=0.5), replace(lost, passed=2, valid=True, time=2.0)):
        other.add(record)
    page = tmp_path / "page.html"
    assert bench("compare", first.folder, other.folder, "--json", "--html", page) == 0
    found = json.loads(capsys.readouterr().out)
    assert [group["name"] for group in found["groups"]] == ["chain", "orps"]
    (pair,) = found["paired"]
    assert pair["pass_at_1_difference"][0] == 0.5 and pair["pass_at_1_ratio"][0] == 2.0
    assert (pair["only_this_solved"], pair["only_the_first_solved"]) == (1, 0)
    assert (pair["time_ratio"][0], pair["both_correct"]) == (0.5, 1)
    text = page.read_text()
    assert text.count("<svg") == 3 and "orps 100%" in text
    assert not re.search(r"(src|href)=", text) and "<script" not in text
    assert bench("compare", first.folder, other.folder) == 0
    assert "beside chain" in capsys.readouterr().out
    assert bench("compare", tmp_path) == 1
    assert "holds no run" in capsys.readouterr().err


def test_runs_without_a_task_in_common_are_refused(tmp_path: Path) -> None:
    about = About("t.jsonl", "a1", "chain", "m", "b2", 600, 0, 0, 0)
    runs = [
        Run.open(tmp_path / name, replace(about, method=name, sha256=name)) for name in ("a", "b")
    ]
    for run in runs:
        run.add(Record("t", passed=1, total=1))
    with pytest.raises(BenchError, match="no task and seed in common"):
        compare(runs)


def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    about = About("t", "a1", "<b>chain & co", "m", "b2", 600, 0, 0, 0)
    run = Run.open(tmp_path / "run", about)
    run.add(Record("t", passed=1, total=1, curve=(Point(1, 1, True, 1),), statuses={"verified": 1}))
    text = render(compare([run]))
    assert "<b>chain" not in text and "&lt;b&gt;chain" in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Line 1 of"),
        ("[]", "Line 1 of"),
        ('{"task_id": "a"}', "instruction"),
        ("", "has no tasks"),
    ],
)
def test_a_file_that_is_no_tasks_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text(line)
    with pytest.raises(BenchError, match=message):
        load(path)
    with pytest.raises(BenchError, match="cannot be read"):
        load(tmp_path / "missing.jsonl")


def task(**changes: Any) -> BenchTask:
    return replace(
        BenchTask("t", "Do it.", "", "", ("assert f(1, 2) == 3",), ("assert f(0, 0) == 0",), ""),
        **changes,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Interface("f", (2,))),
        ({"visible": ("assert sorted(f(1)) == len([2])",)}, Interface("f", (1,))),
        ({"visible": ("assert sum(1, 2) == 3",)}, Interface("sum", (2,))),
        ({"visible": ("def h(x): return x\nassert h(f(1))",)}, Interface("f", (1,))),
        (
            {"setup": "from code import f, Tree", "visible": ("assert f(Tree(1)) == 1",)},
            Interface("f", (1,), ("Tree",)),
        ),
        ({"setup": "from code import Stack"}, "Its solution is a class"),
        ({"visible": ()}, "It has no visible tests"),
        ({"visible": ("assert f(",)}, "Its tests do not parse"),
    ],
)
def test_the_tests_say_what_is_to_be_written(given: Any, expected: Interface | str) -> None:
    found = interface(task(**given))
    if isinstance(expected, str):
        assert isinstance(found, str) and found.startswith(expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("def f(a, b): return a", "def f(a, b):"),
        ("f(a: int, b: int = 2) -> dict[str, int]:", "def f(a: int, b: int=2) -> dict[str, int]:"),
        ("def f(a, b) -> int:  # adds: both", "def f(a, b) -> int:"),
        ("def f(*xs):", "def f(*xs):"),
        ("def f(a):", ""),
        ("def f(a, b, c):", ""),
        ("def g(a, b):", ""),
        ("def f(a, b", ""),
    ],
)
def test_a_signature_is_taken_if_it_fits_the_calls(text: str, header: str) -> None:
    assert signature(text, Interface("f", (2,))) == header


def test_a_stub_parses_whatever_the_instruction_says() -> None:
    odd = task(
        instruction='A """quote""", a \\n backslash\nand an end"', setup="import math\nx = 1"
    )
    module = stub(odd, "def f(a: Missing, b):", "class Tree:\n    pass")
    names: dict[str, Any] = {}
    exec(compile(module, "stub", "exec"), names)
    assert "'''quote''', a \\n backslash" in names["f"].__doc__
    assert {"math", "Tree", "f"} <= names.keys() and "x" not in names
    with pytest.raises(NotImplementedError):
        names["f"](1, 2)


def test_tests_import_the_solution_from_the_project() -> None:
    setup = "from code import f\nfrom codecs import encode\nimport code\n"
    assert setup_of(task(setup=setup), "solution") == (
        "from solution import f\nfrom codecs import encode\nimport code"
    )


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    all_tasks = [task(id=str(number)) for number in range(30)]
    assert shuffled(all_tasks, 3) == shuffled(all_tasks, 3) != shuffled(all_tasks, 4)
    assert sorted(t.id for t in shuffled(all_tasks, 3)) == sorted(t.id for t in all_tasks)


records = st.builds(
    Record,
    task=st.just("t"),
    passed=st.integers(0, 3),
    total=st.just(3),
    valid=st.booleans(),
    time=st.none() | st.floats(0.1, 10),
)


@given(st.lists(records, min_size=1, max_size=12))
def test_figures_lie_in_their_intervals(found: list[Record]) -> None:
    figures = statistics.metrics(found)
    assert figures.pass_at_1.value == pytest.approx(sum(r.correct for r in found) / len(found))
    for estimate in (figures.pass_at_1, figures.tests, figures.valid, figures.time):
        if estimate.value is not None:
            assert estimate.low is not None and estimate.high is not None
            assert estimate.low <= estimate.value + 1e-9 and estimate.value <= estimate.high + 1e-9


@given(st.lists(st.tuples(records, records), min_size=1, max_size=12))
def test_a_comparison_the_other_way_round_is_its_opposite(
    pairs: list[tuple[Record, Record]],
) -> None:
    these = {str(number): pair[0] for number, pair in enumerate(pairs)}
    others = {str(number): pair[1] for number, pair in enumerate(pairs)}
    there, back = statistics.paired(these, others), statistics.paired(others, these)
    assert there.difference.value == pytest.approx(-(back.difference.value or 0.0))
    assert (there.wins, there.losses, there.p) == (back.losses, back.wins, back.p)
    assert there.p == 1.0 if there.wins == there.losses else 0 < there.p <= 1
    same = statistics.paired(these, these)
    assert (same.difference.value, same.wins, same.losses) == (0.0, 0, 0)
    if there.time.value is not None and back.time.value is not None:
        assert there.time.value == pytest.approx(1 / back.time.value)


def test_results_of_methods_and_ablations_come_from_one_command(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = script(tmp_path, "    return [x for x in xs for _ in (0, 1)]", headers=())
    file = tmp_path / "own" / "tasks.jsonl"
    file.parent.mkdir()
    write(file, TWICE, FAULTY)
    page = tmp_path / "results.md"
    page.write_text("# Results\n\nWords of people.\n")
    options = [file, "--methods", "chain,orps", "--ablate", "agreement", "--tokens", 20]
    options += ["--out", tmp_path / "out", "--page", page, *engine]
    assert bench("results", *options) == 0
    text = page.read_text()
    assert text.startswith("# Results\n\nWords of people.\n\n<!-- measured: begin -->")
    assert "orps-lsp bench results own/tasks.jsonl --methods chain,orps --ablate agreement" in text
    assert str(tmp_path) not in text
    assert "## own, 20 tokens a task" in text
    assert re.search(r"\| `chain` \| 1 \| 1\.000 \(1\.000 to 1\.000\)", text)
    assert re.search(r"\| `orps, without agreement` \| 1 \|", text)
    assert "| Beside `chain` |" in text and "| Beside `orps` |" in text
    assert "Left out: own/faulty." in text
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*/records.jsonl"))
    assert len(before) == 3
    assert bench("results", *options, "--only-page") == 0
    assert page.read_text() == text
    # From another folder of runs, with the page of before: what it had stays.
    more = ["--methods", "best_of_n", "--tokens", 20, "--out", tmp_path / "more", "--page", page]
    assert bench("results", file, *more, *engine) == 0
    grown = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith(("| `chain`", "| `orps"))]
    assert rows and all(line in grown for line in rows)
    assert re.search(r"\| `best_of_n` \| 1 \|", grown)
    assert grown.count("orps-lsp bench results") == 2
    kept = json.loads(page.with_suffix(".json").read_text())
    assert [run["about"]["method"] for run in kept["runs"]] == [
        "chain",
        "orps",
        "orps",
        "best_of_n",
    ]
    page.with_suffix(".json").write_text("{}")
    assert bench("results", *options, "--only-page") != 0
    assert "holds no summary of results" in capsys.readouterr().err
    page.with_suffix(".json").unlink()
    assert bench("results", *options) == 0  # all is there
    after = sorted(path.stat().st_mtime_ns for path in tmp_path.glob("out/*/*/records.jsonl"))
    assert after == before
    with pytest.raises(SystemExit):
        bench("results", file, "--methods", "magic", "--out", tmp_path / "out")
    assert "must be of orps, chain" in capsys.readouterr().err
