"""`orps-lsp bench server`: a short real run, its figures, and what it does with bad input."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orps_lsp.bench.errors import BenchError
from orps_lsp.bench.machine import Machine
from orps_lsp.bench.server.client import started
from orps_lsp.bench.server.latency import Typist
from orps_lsp.bench.server.project import FUNCTION, LINES, make
from orps_lsp.bench.server.report import Report, percentile
from orps_lsp.llm.scripted import Script

COMMAND = (sys.executable, "-m", "orps_lsp", "bench", "server")
KINDS = {"hover", "code_action", "code_lens"}


def test_a_short_run_measures_everything() -> None:
    # The reference is the same server: the ratio is known then.
    reference = shlex.join((sys.executable, "-m", "orps_lsp", "serve"))
    command = [*COMMAND, "--starts", "3", "--requests", "4", "--json", "--reference", reference]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 0.3 < report["ratio"] < 3
    assert report["initialize_ms"] > 0 and report["reference_initialize_ms"] > 0
    assert 10 < report["rss_mb"] <= report["rss_peak_mb"] + 1
    assert set(report["p99_ms"]) == set(report["p50_ms"]) == KINDS
    for name, kinds in report["p99_ms"].items():
        for situation in ("idle", "searching"):
            assert 0 < report["p50_ms"][name][situation] <= kinds[situation]
    assert (report["starts"], report["requests"], report["lines"]) == (3, 4, LINES)
    assert report["search"]["searches"] >= 1 and report["search"]["candidates"] >= 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--starts", "0"], 2, "not '0'"),
        (["--reference", ""], 2, "names no command"),
        (["--reference", "'"], 2, "--reference"),
        (
            ["--starts", "1", "--reference", "no-such-server --stdio"],
            1,
            "no program no-such-server",
        ),
    ],
)
def test_bad_input_is_named(arguments: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code
    assert words in done.stderr and "Traceback" not in done.stderr


def test_a_missing_reference_is_null_with_a_hint() -> None:
    kinds = {kind: [1.0, 3.0, 2.0] for kind in KINDS}
    report = Report(
        initialize=[5.0, 7.0, 6.0],
        reference="jedi-language-server",
        reference_initialize=[],
        rss_mb=41.26,
        rss_peak_mb=45.0,
        rss_typed_mb=44.0,
        lines=LINES,
        latencies={"idle": kinds, "searching": kinds},
        model="scripted",
        searches=1,
        candidates=2,
        machine=Machine("cpu", 2, 0.1, 1.0),
        date="today",
    )
    data = report.to_json()
    assert data["initialize_ms"] == 6.0 and data["rss_mb"] == 41.3
    assert data["reference_initialize_ms"] is data["ratio"] is data["reference"] is None
    assert "pip install jedi-language-server" in data["note"]
    assert data["p99_ms"]["hover"] == {"idle": 3.0, "searching": 3.0}
    assert data["p50_ms"]["hover"] == {"idle": 2.0, "searching": 2.0}


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(100, 0.99, 99), (100, 0.5, 50), (1, 0.99, 1), (400, 0.99, 396)],
)
def test_percentiles_are_values_that_were_measured(count: int, share: float, expected: int) -> None:
    assert percentile([float(n) for n in range(count, 0, -1)], share) == expected


def test_the_project_is_long_valid_and_its_answers_differ(tmp_path: Path) -> None:
    project = make(str(tmp_path))
    assert project.text.count("\n") == LINES
    names = [n.name for n in ast.walk(ast.parse(project.text)) if isinstance(n, ast.FunctionDef)]
    assert FUNCTION in names and len(names) > 1000
    script = Script.load(Path(project.scripted(3)["script"]))
    assert len(set(script.answers)) == len(script.answers) == 24
    for answer in script.answers:
        ast.parse(answer.partition("```")[0])


class Written:
    """What a typist sends, and the text it makes."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.changes = 0

    def notify(self, method: str, params: dict) -> None:
        (change,) = params["contentChanges"]
        start = change["range"]["start"]
        assert change["range"]["end"] == start
        line = self.lines[start["line"]]
        assert start["character"] == len(line)  # at the end of a line, as its head is ASCII
        self.lines[start["line"] : start["line"] + 1] = (line + change["text"]).split("\n")
        self.changes += 1


def test_the_typist_writes_whole_statements_and_spares_the_searched_function(
    tmp_path: Path,
) -> None:
    project = make(str(tmp_path))
    written = Written(project.text)
    typist = Typist(written, project)  # type: ignore[arg-type]
    for _ in range(150):
        typist.stroke()
        assert written.lines == typist._lines
    while typist._left:
        typist.stroke()
    ast.parse("\n".join(written.lines))
    searched = project.text.index("\n\n\ndef area_0")
    assert "\n".join(written.lines).startswith(project.text[:searched])
    for _ in range(50):
        assert "def " in written.lines[typist.place()["line"]]


async def test_a_server_that_says_nothing_is_ended(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    silent = [sys.executable, "-c", "import sys; sys.exit(3)"]
    with pytest.raises(BenchError, match="silent ended"):
        async with started("silent", silent, tmp_path.as_uri()):
            pass
    assert set(psutil.Process().children()) <= before
