"""What is decided before a search: the workspace, the intent, the tests that are shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from search_support import SOURCE, baseline, results

from orps_lsp.config import Settings, find_workspace
from orps_lsp.evaluation.protocol import TestOutcome, TestResult, TestsProgress
from orps_lsp.refine import (
    RefineError,
    Request,
    _intent,
    _test_source,
    _test_sources,
    _tests_reporter,
    _unless_stopped,
)
from orps_lsp.search.types import Intent, Progress
from orps_lsp.source.locate import find

STUB = "def total(values):\n    raise NotImplementedError\n"


@pytest.mark.parametrize(
    ("marker", "root"), [("pyproject.toml", "a"), ("setup.cfg", "a/b"), (".git", ".")]
)
def test_the_workspace_is_the_nearest_project(tmp_path: Path, marker: str, root: str) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    (tmp_path / root / marker).touch()
    assert find_workspace(folder / "m.py") == (tmp_path / root).resolve()


@pytest.mark.parametrize(
    ("asked", "source", "passed", "expected"),
    [
        (None, SOURCE, 4, Intent.OPTIMISE),
        (None, SOURCE, 2, Intent.FIX),
        (None, STUB, 0, Intent.FIX),
        (Intent.SIMPLIFY, SOURCE, 4, Intent.SIMPLIFY),
        (Intent.FIX, SOURCE, 2, Intent.FIX),
        (Intent.FIX, SOURCE, 4, "nothing to fix"),
        (Intent.OPTIMISE, SOURCE, 2, "2 of the 4 tests of `total` fail"),
        (Intent.SIMPLIFY, SOURCE, 0, "4 of the 4 tests of `total` fail"),
    ],
)
def test_the_intent_follows_from_the_baseline(
    asked: Intent | None, source: str, passed: int, expected: Intent | str
) -> None:
    request = Request(Path("/w"), Path("/w/m.py"), source, "total", asked)
    known = replace(baseline(), tests=results(passed))
    function = find(source, "total")
    if isinstance(expected, Intent):
        assert _intent(request, function, known, Settings()) is expected
    else:
        with pytest.raises(RefineError, match=expected) as caught:
            _intent(request, function, known, Settings())
        assert caught.value.advice


@pytest.mark.parametrize(
    ("untested", "generated", "message"),
    [
        ("refuse", 0, "nothing could be proven"),
        ("generate", 3, "of the inputs that were generated it accepts 3"),
        ("generate", 300, None),
    ],
)
def test_what_no_test_touches_needs_consent_and_inputs(
    untested: str, generated: int, message: str | None
) -> None:
    request = Request(Path("/w"), Path("/w/m.py"), SOURCE, "total")
    settings = Settings(untested=untested)
    known = replace(baseline(), tests=(), generated=generated)
    if message is None:
        assert _intent(request, find(SOURCE, "total"), known, settings) is Intent.OPTIMISE
        return
    with pytest.raises(RefineError, match=message):
        _intent(request, find(SOURCE, "total"), known, settings)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_m.py").write_text(
        "class TestTotal:\n    def test_sum(self):\n        assert total([1]) == 1\n\n\n"
        "def test_none():\n    assert total([]) == 0\n\n\n"
        "def test_long():\n" + "    assert total([1, 2]) == 3\n" * 40
    )
    return tmp_path


@pytest.mark.parametrize(
    ("test_id", "beginning"),
    [
        ("tests/test_m.py::TestTotal::test_sum", "def test_sum(self):"),
        ("tests/test_m.py::test_none[a::b-1]", "def test_none():"),
        ("tests.test_m.TestTotal.test_sum", "def test_sum(self):"),
        ("tests/test_m.py::test_gone", ""),
        ("tests/gone.py::test_none", ""),
        ("nowhere.at.all", ""),
    ],
)
def test_a_test_is_found_by_its_id(project: Path, test_id: str, beginning: str) -> None:
    text = _test_source(project, test_id)
    assert text.startswith(beginning) and bool(text) == bool(beginning)


def test_failing_tests_are_shown_first_and_long_ones_not(project: Path) -> None:
    tests = tuple(
        TestResult(f"tests/test_m.py::{name}", outcome)
        for name, outcome in (
            ("test_none[1]", TestOutcome.PASSED),
            ("test_none[2]", TestOutcome.PASSED),
            ("TestTotal::test_sum", TestOutcome.FAILED),
            ("test_long", TestOutcome.FAILED),
        )
    )
    shown = _test_sources(project, replace(baseline(), tests=tests), 8)
    assert [text.splitlines()[0] for text in shown] == ["def test_sum(self):", "def test_none():"]
    assert len(_test_sources(project, replace(baseline(), tests=tests), 1)) == 1


async def test_stopping_the_preparation_cancels_it() -> None:
    stop = asyncio.Event()
    cancelled = asyncio.Event()

    async def prepare() -> None:
        try:
            stop.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(asyncio.CancelledError):
        await _unless_stopped(prepare(), stop)
    assert cancelled.is_set()


async def test_an_error_of_the_preparation_is_raised_as_it_is() -> None:
    async def prepare() -> None:
        raise RefineError("no")

    with pytest.raises(RefineError, match="no"):
        await _unless_stopped(prepare(), asyncio.Event())


async def test_how_far_the_tests_are_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []
    report = _tests_reporter(told.append)
    report(TestsProgress(1, 1200, 1))
    assert told == [], "a short suite is not worth a word"
    monkeypatch.setattr("orps_lsp.refine._REPORT_SECONDS", 0.0)
    report = _tests_reporter(told.append)
    report(TestsProgress(140, 1200, 3))
    report(TestsProgress(141, 1200, 1))
    assert [progress.phase for progress in told] == [
        "running the tests: 140 of 1200, 3 call it",
        "running the tests: 141 of 1200, 1 calls it",
    ]
