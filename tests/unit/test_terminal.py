"""What people see in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from search_support import FakeEvaluator, answer, run, verified

from orps_lsp.cli import terminal
from orps_lsp.llm.scripted import Script
from orps_lsp.search.types import Progress

SCRIPT = Script(answers=(answer("return sum(values)"), answer("return 0")))
VERDICTS = {"sum(values)": verified(3.0, memory_ratio=0.5)}


def rendered(thing: object, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


async def test_the_outcome_shows_every_edit_with_its_evidence() -> None:
    outcome = await run(SCRIPT, FakeEvaluator(VERDICTS))
    console = Console(file=io.StringIO(), width=100, highlight=False)
    terminal.print_outcome(outcome, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        "#1  3.00x faster, 50% less memory, 4/4 tests",
        "+    return sum(values)",
        "3.00x (2.85x to 3.15x, 9 pairs)",
        "10 recorded + 20 generated inputs agree",
        "It is 3 times as fast because it does what it should.",
        "1 verified, 1 failed",
    ):
        assert words in text


async def test_finding_nothing_is_said() -> None:
    outcome = await run(Script(answers=(answer("return 0"),)), FakeEvaluator({}))
    console = Console(file=io.StringIO(), width=100)
    terminal.print_outcome(outcome, console)
    assert "Nothing better was found." in console.file.getvalue()  # type: ignore[attr-defined]


async def test_the_live_view_follows_the_search() -> None:
    snapshots: list[Progress] = []
    await run(SCRIPT, FakeEvaluator(VERDICTS), snapshots=snapshots)
    view = terminal._View("total")
    view.update(snapshots[-1])
    text = rendered(view)
    assert "total" in text
    assert "best: 3.00x faster" in text
    assert "Ctrl-C" in text
    for width in (40, 200):
        assert max(map(len, rendered(view, width).splitlines())) <= width


async def test_without_a_terminal_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress_display("total") as listen:
        await run(SCRIPT, FakeEvaluator(VERDICTS), snapshots=(seen := []))
        for snapshot in seen:
            listen(snapshot)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("round 1/3\n") == 1
    assert captured.err.count("#1 ") == 1
