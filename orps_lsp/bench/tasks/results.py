"""The page of results, in Markdown: what was measured, by which commands, on what. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from orps_lsp.bench.tasks.compare import Comparison, Group, compare
from orps_lsp.bench.tasks.records import Run
from orps_lsp.bench.tasks.statistics import Estimate
from orps_lsp.bench.tasks.summary import Summary

_REFERENCES = ("best_of_n", "chain", "orps")  # what the others are set beside

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def page(found: Summary) -> str:
    """Return the measured part of the page."""
    return "\n".join([BEGIN, *_lines(found), END, ""])


def placed(text: str, part: str) -> str:
    """Put a measured part in place of the one that a page has, or at its end."""
    start, end = text.find(BEGIN), text.find(END)
    if start < 0 or end < start:
        return f"{text.rstrip()}\n\n{part}" if text.strip() else part
    return text[:start] + part.rstrip("\n") + text[end + len(END) :]


def _lines(found: Summary) -> Iterator[str]:
    dates = sorted({r.date for run in found.runs for r in run.scored if r.date})
    models = sorted({(run.about.model, run.about.model_sha256) for run in found.runs})
    days = " to ".join(dict.fromkeys([dates[0], dates[-1]]))
    machines = dict.fromkeys(f"{each.cores} cores ({each.cpu})" for each in found.origins)
    yield f"Measured {days} (UTC) on {', '.join(machines)}, with"
    yield ""
    for model, digest in models:
        yield f"- {model}, sha256 `{digest}`"
    yield ""
    yield "```"
    yield from dict.fromkeys(each.command for each in found.origins)
    yield "```"
    groups: dict[tuple[str, str, int], list[Run]] = {}
    for run in found.runs:
        about = run.about
        groups.setdefault((about.file, about.sha256, about.tokens), []).append(run)
    for (file, _, tokens), runs in sorted(groups.items()):
        yield from _section(PurePosixPath(file).parent.name, tokens, runs)


def _section(name: str, tokens: int, runs: Sequence[Run]) -> Iterator[str]:
    comparison = compare(sorted(runs, key=_order))
    seeds = sorted({run.about.seed for run in runs})
    tasks = sorted({record.task for run in runs for record in run.scored})
    yield ""
    yield f"## {name}, {tokens} tokens a task"
    yield ""
    yield (
        f"{len(tasks)} tasks, seeds {', '.join(map(str, seeds))}; mean and 95 % bootstrap interval "
        "over tasks and seeds."
    )
    yield ""
    yield "| Method | Runs of a task | Pass@1 | Tests | Valid | Time | Tokens a task |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for group in comparison.groups:
        found = group.metrics
        figures = (found.pass_at_1, found.tests, found.valid, found.time)
        cells = " | ".join(_cell(figure) for figure in figures)
        whole = len(tasks) * len(seeds)
        count = f"{len(group.records)}" + ("" if len(group.records) == whole else f" of {whole}")
        yield f"| {_code(group)} | {count} | {cells} | {group.tokens:.0f} |"
    for reference in _REFERENCES:
        yield from _beside(reference, runs)
    yield ""
    yield f"<details><summary>The tasks</summary>{', '.join(tasks)}"
    apart = {record.task: record.apart for run in runs for record in run.apart}
    for task, reason in sorted(apart.items()):
        yield f"<br>Left out: {task}. {reason}"
    yield "</details>"


def _beside(reference: str, runs: Sequence[Run]) -> Iterator[str]:
    """All others beside one method, on the same tasks and seeds."""
    first = [run for run in runs if (run.about.method, run.about.without) == (reference, ())]
    others = [run for run in sorted(runs, key=_order) if run not in first]
    if reference == "orps":  # its own ablations
        others = [run for run in others if run.about.without]
    else:
        others = [run for run in others if not run.about.without]
    if not first or not others:
        return
    comparison: Comparison = compare([*first, *others])
    yield ""
    yield (
        f"| Beside `{reference}` | Pass@1 more | times | only it / only {reference} | p | Time "
        "where both are right |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for group, pair in zip(comparison.groups[1:], comparison.against_first, strict=True):
        yield (
            f"| {_code(group)} | {_cell(pair.difference, signed=True)} | {_cell(pair.ratio, 2)} | "
            f"{pair.wins} / {pair.losses} | {pair.p:.3f} | {_cell(pair.time, 2)} ({pair.both}) |"
        )


def _order(run: Run) -> tuple[int, str, tuple[str, ...], int]:
    about = run.about
    return (bool(about.without), about.method, about.without, about.seed)


def _code(group: Group) -> str:
    return f"`{group.name}`"


def _cell(figure: Estimate, digits: int = 3, signed: bool = False) -> str:
    if figure.value is None:
        return "-"
    plus = "+" if signed else ""
    return (
        f"{figure.value:{plus}.{digits}f} ({figure.low:{plus}.{digits}f} to "
        f"{figure.high:{plus}.{digits}f})"
    )
