"""What a person sees of a search in a terminal: a live table while it runs, then the edits."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from orps_lsp.evaluation.protocol import Baseline, Evaluation, Speedup
from orps_lsp.quantities import count, ratio
from orps_lsp.search.types import (
    Candidate,
    Counts,
    Outcome,
    Progress,
    ProgressListener,
    Refinement,
    Status,
)

_ROWS = 10
_STRATEGY_WIDTH = 22
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_STYLES = {
    Status.VERIFIED: "green",
    Status.FAILED: "red",
    Status.SCREENED_OUT: "yellow",
    Status.DUPLICATE: "dim",
}


@contextlib.contextmanager
def progress_display(function: str) -> Iterator[ProgressListener]:
    """Show progress on stderr: a table on a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    view = _View(function)
    with Live(view, console=console, refresh_per_second=4, transient=True):
        yield view.update


class _Lines:
    """A line for each phase and for each candidate that ran: for logs and pipes."""

    def __init__(self) -> None:
        self._phase = ""
        self._reported = 0

    def __call__(self, progress: Progress) -> None:
        if progress.phase != self._phase:
            self._phase = progress.phase
            self._say(progress, progress.phase)
        for candidate in progress.candidates[self._reported :]:
            if candidate.evaluation:
                self._say(progress, f"#{candidate.id} {candidate.strategy}: {_result(candidate)}")
        self._reported = len(progress.candidates)

    def _say(self, progress: Progress, text: str) -> None:
        print(f"[{progress.seconds:5.1f} s] {text}", file=sys.stderr, flush=True)


class _View:
    """The live table; rich asks for it whenever it redraws, so the clock moves by itself."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._progress = Progress(phase="starting")

    def update(self, progress: Progress) -> None:
        self._progress = progress

    def __rich__(self) -> RenderableType:
        progress = self._progress
        counts = progress.counts
        head = Text.assemble(
            ("orps ", "bold"), (self._function, "bold cyan"), f"  {progress.phase}"
        )
        facts = [
            f"{counts.generated} candidates",
            f"{counts.verified} verified",
            f"{progress.tokens_per_second:.0f} tokens/s",
            f"{progress.seconds:.0f} s",
        ]
        if progress.best:
            facts.append(f"best: {progress.best.summary}")
        lines: list[RenderableType] = [head, Text("  ".join(facts), style="dim")]
        ran = [candidate for candidate in progress.candidates if candidate.evaluation]
        if ran:
            lines.append(_table(sorted(ran, key=lambda c: (-c.score, c.id))[:_ROWS]))
        lines.append(Text("Ctrl-C stops and keeps what was found", style="dim"))
        return Group(*lines)


def _table(candidates: list[Candidate]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=True)
    for heading in ("#", "round", "score"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    table.add_column("strategy", overflow="ellipsis", no_wrap=True, max_width=_STRATEGY_WIDTH)
    table.add_column("result", overflow="ellipsis", no_wrap=True, ratio=1)
    for candidate in candidates:
        table.add_row(
            str(candidate.id),
            str(candidate.round),
            f"{candidate.score:.2f}",
            candidate.strategy,
            Text(_result(candidate), style=_STYLES[candidate.status]),
        )
    return table


def _result(candidate: Candidate) -> str:
    """What became of a candidate that ran, in a few words."""
    evaluation = candidate.evaluation
    assert evaluation
    if candidate.status is not Status.VERIFIED:
        return _one_line(candidate.reason) or _tests(evaluation)
    return f"{_tests(evaluation)}, {_speed(evaluation.speedup)}"


def print_outcome(outcome: Outcome, console: Console | None = None) -> None:
    """Print the result, on stdout if nothing else is said: baseline, then edits with evidence."""
    console = console or Console(highlight=False)
    baseline = outcome.baseline
    console.print(Text(outcome.function, style="bold"))
    console.print(_baseline(baseline), style="dim")
    for note in (*baseline.notes, *outcome.notes):
        console.print(Text(note, style="yellow"))
    for refinement in outcome.refinements:
        _print_refinement(console, refinement)
    console.print(Rule(style="dim"))
    found = len(outcome.refinements)
    verdict = f"{found} refinement{'s' * (found != 1)}" if found else "Nothing better was found"
    console.print(Text(f"{verdict}. {outcome.stop_reason.sentence}", style="bold"))
    usage = outcome.usage
    console.print(
        f"{_where(outcome.counts)} in {outcome.seconds:.0f} s; {usage.generated} tokens written, "
        f"{usage.prompt} read ({usage.reused} of them from the cache); model {outcome.model}",
        style="dim",
    )
    if found:
        console.print("Apply one with --apply RANK.", style="dim")


def _print_refinement(console: Console, refinement: Refinement) -> None:
    candidate = refinement.candidate
    evaluation, complexity = candidate.evaluation, candidate.complexity
    assert evaluation and complexity
    console.print(Rule(Text(f"#{refinement.rank}  {refinement.summary}", style="bold green")))
    for line in refinement.diff.rstrip().split("\n"):
        # Lines keep their length: what is copied from a terminal or a pipe must be the code.
        console.print(Text(line, style=_DIFF_STYLES.get(line[:1], "")), soft_wrap=True)
    rows = [("tests", _tests(evaluation)), ("speed", _speed(evaluation.speedup))]
    if evaluation.memory_ratio is not None:
        rows.append(("memory", f"{ratio(evaluation.memory_ratio)} of the original's peak"))
    rows.append(
        (
            "complexity",
            f"cyclomatic {complexity.cyclomatic}, cognitive {complexity.cognitive}, "
            f"{complexity.lines} lines",
        )
    )
    if evidence := evaluation.evidence:
        agree = f"{evidence.replayed} recorded + {evidence.generated} generated inputs agree"
        if evidence.tolerance:
            agree += f", floats within {evidence.tolerance:g}"
        rows.append(("evidence", agree))
        if evidence.proof:
            rows.append(("proof", evidence.proof))
        rows += [("not checked", sentence) for sentence in evidence.unchecked]
    score = f"score {candidate.score:.2f}"
    if candidate.process is not None:
        score += f" (critic {candidate.process:.2f}, outcome {candidate.outcome:.2f})"
    rows.append(("strategy", f"{candidate.strategy}, round {candidate.round}, {score}"))
    if candidate.critique:
        rows.append(("critique", candidate.critique))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table)


def _baseline(baseline: Baseline) -> str:
    where = f"({baseline.runner}, {baseline.sandbox} sandbox)"
    if not baseline.tests:
        return (
            f"Not covered by tests: {baseline.generated} generated inputs stand in for them "
            f"({baseline.sandbox} sandbox)"
        )
    if baseline.failed:
        return f"{baseline.failed} of the {len(baseline.tests)} tests that touch it fail {where}"
    touching = f"{baseline.passed}/{len(baseline.tests)} tests touch it and pass"
    return f"{touching} {where}, {baseline.recorded} calls recorded"


def _tests(evaluation: Evaluation) -> str:
    return evaluation.coverage


def _speed(speedup: Speedup | None) -> str:
    if speedup is None:
        return "speed not measured"
    low, median, high = map(ratio, (speedup.low, speedup.median, speedup.high))
    interval = f"{median} ({low} to {high}, {count(speedup.pairs, 'pair')})"
    interval = f"{interval} {speedup.conditions}".strip()
    return interval if speedup.claimed else f"{interval}: no gain to speak of"


def _where(counts: Counts) -> str:
    parts = [
        f"{number} {name}"
        for number, name in (
            (counts.verified, "verified"),
            (counts.failed, "failed"),
            (counts.screened_out, "screened out"),
            (counts.duplicates, "duplicates"),
        )
        if number
    ]
    return f"{counts.generated} candidates ({', '.join(parts) or 'none'})"


def _one_line(text: str, limit: int = 70) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
