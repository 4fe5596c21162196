"""The page: what the template shows, taken from an outcome."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import svg
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from orps_lsp.evaluation.protocol import TestOutcome, TestResult
from orps_lsp.report import chart, tree, words
from orps_lsp.report.code import Highlighter, Line, diff_lines
from orps_lsp.report.marks import mark
from orps_lsp.report.text import shortened, visible
from orps_lsp.search.types import Candidate, Outcome, Refinement, Status
from orps_lsp.source.diff import unified
from orps_lsp.source.errors import SourceError
from orps_lsp.source.splice import splice

_MESSAGE = 2_000  # characters shown of one test's message
_PROSE = 4_000  # of a critique or a reason
_CODE = 20_000  # of a version; models write some thousand at most
_MOST_TESTS = {True: 200, False: 40}  # rows for a version that is offered, and for any other


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test's outcome, beside the original's."""

    __test__ = False

    id: str
    outcome: str
    passed: bool
    original: str
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate as the page shows it; ``rank`` is None unless it is offered."""

    candidate: Candidate
    rank: int | None
    summary: str
    diff: list[Line]
    critique: str
    reason: str
    tests: list[TestRow]
    more_tests: int


def render(outcome: Outcome) -> str:
    """Return the page as HTML."""
    path, _, qualname = outcome.function.rpartition("::")
    picture = chart.draw(outcome)
    return _template().render(
        outcome=outcome,
        baseline=outcome.baseline,
        path=path,
        qualname=qualname,
        style=Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8")),
        words=words,
        tree=Markup(tree.draw(outcome).as_str()) if outcome.candidates else None,
        chart=Markup(picture.as_str()) if picture else None,
        marks={status: _sign(status) for status in words.STATUS},
        names=words.STATUS,
        offered=[r.candidate for r in outcome.refinements],
        entries=_entries(outcome),
        known={candidate.id for candidate in outcome.candidates},
        notes=[*outcome.baseline.notes, *outcome.notes],
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def _shown(value: object) -> object:
    """What the template prints passes here, before it is escaped."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sign(status: Status) -> Markup:
    """A mark beside text, which says the same in words."""
    picture = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, 16, 16),
        width=16,
        height=16,
        class_=["sign"],
        elements=[mark(status, 8, 8, 5.5)],
        extra={"aria-hidden": "true"},
    )
    return Markup(picture.as_str())


def _entries(outcome: Outcome) -> list[Entry]:
    """All candidates: those that are offered first, by rank, then the others as they came."""
    ranked = {r.candidate.id: r for r in outcome.refinements}
    rest = [c for c in outcome.candidates if c.id not in ranked]
    offered = [_entry(outcome, r.candidate, r) for r in outcome.refinements]
    return offered + [_entry(outcome, candidate, None) for candidate in rest]


def _entry(outcome: Outcome, candidate: Candidate, refinement: Refinement | None) -> Entry:
    tests, more = _tests(outcome, candidate, offered=refinement is not None)
    return Entry(
        candidate,
        refinement.rank if refinement else None,
        refinement.summary if refinement else words.result(candidate),
        _diff(outcome, candidate, refinement),
        shortened(candidate.critique, _PROSE),
        shortened(candidate.reason, _PROSE),
        tests,
        more,
    )


def _diff(outcome: Outcome, candidate: Candidate, refinement: Refinement | None) -> list[Line]:
    """The edit that a refinement is; of other versions, what they change in the function."""
    path, _, qualname = outcome.function.rpartition("::")
    original = textwrap.dedent(outcome.original).strip("\n") + "\n"
    new = _in_place(original, qualname.rpartition(".")[2], candidate.code[:_CODE])
    diff = refinement.diff if refinement else unified(original, new, path)
    return diff_lines(diff, Highlighter(original, new))


def _in_place(original: str, name: str, code: str) -> str:
    """A version with the docstring and the signature that stay; as it was written if none fits."""
    code = textwrap.dedent(code).strip("\n") + "\n"
    try:
        return splice(original, name, code).text
    except (SourceError, RecursionError):
        return code


def _tests(outcome: Outcome, candidate: Candidate, offered: bool) -> tuple[list[TestRow], int]:
    """The rows of a table, failures first, and how many were left out."""
    results: Sequence[TestResult] = candidate.evaluation.tests if candidate.evaluation else ()
    before = {test.id: test.outcome.value for test in outcome.baseline.tests}
    rows = [
        TestRow(
            test.id,
            test.outcome.value,
            test.outcome is TestOutcome.PASSED,
            before.get(test.id, ""),
            test.seconds,
            shortened(test.message, _MESSAGE),
        )
        for test in sorted(results, key=lambda test: test.passed)
    ]
    most = _MOST_TESTS[offered]
    return rows[:most], max(len(rows) - most, 0)
