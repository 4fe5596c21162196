"""The evaluator as a search uses it: baselines of all kinds, verdicts, measurement, clean ends."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil
import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.config import Settings
from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.evaluator import open_evaluator
from orps_lsp.evaluation.protocol import (
    BaselineError,
    EvaluationError,
    InterpreterError,
    SandboxUnavailable,
    Target,
    TestOutcome,
    Verdict,
)

UNIQUE = {
    "core.py": """
        def unique(xs):
            out = []
            for x in xs:
                if x not in out:
                    out.append(x)
            return out
    """,
    "test_core.py": """
        import pytest
        from core import unique

        @pytest.mark.parametrize("n", [1, 10, 400])
        def test_unique(n):
            assert unique(list(range(n)) * 2) == list(range(n))
    """,
}
LINEAR = "def unique(xs):\n    return list(dict.fromkeys(xs))\n"


async def test_a_faster_version_is_claimed_and_a_clone_is_not(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    async with evaluating(root, "unique") as evaluator:
        baseline = await evaluator.baseline()
        assert baseline.call_seconds is not None
        assert baseline.call_seconds > 0
        assert baseline.peak_bytes is not None
        assert baseline.peak_bytes > 0
        faster = await evaluator.evaluate(LINEAR)
        clone = await evaluator.evaluate((root / "core.py").read_text())
        slower = await evaluator.evaluate(
            "def unique(xs):\n"
            "    out = []\n"
            "    for x in xs:\n"
            "        if x not in list(out):\n"
            "            out.append(x)\n"
            "    return out\n"
        )
    assert faster.verdict is clone.verdict is slower.verdict is Verdict.VERIFIED
    assert faster.evidence is not None
    assert faster.evidence.replayed == 3
    assert faster.evidence.generated > 100
    assert faster.speedup is not None
    assert faster.speedup.claimed
    assert faster.speedup.median > 5
    assert faster.memory_ratio is not None
    assert faster.memory_ratio > 1  # a dictionary beside the list
    assert clone.speedup is not None
    assert not clone.speedup.claimed
    assert clone.memory_ratio == pytest.approx(1, abs=0.01)
    assert slower.speedup is not None
    assert slower.speedup.high < 1


async def test_a_function_that_fails_its_tests_can_be_fixed(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "core.py": """
                def middle(xs):
                    return xs[len(xs) // 2 - 1]
            """,
            "test_core.py": """
                from core import middle

                def test_three():
                    assert middle([1, 2, 3]) == 2

                def test_four():
                    assert middle([1, 2, 3, 4]) == 2
            """,
        },
    )
    async with evaluating(root, "middle") as evaluator:
        baseline = await evaluator.baseline()
        assert (baseline.passed, baseline.failed) == (1, 1)
        assert baseline.tests[0].message == "assert 1 == 2\n +  where 1 = middle([1, 2, 3])"
        fixed = await evaluator.evaluate("def middle(xs):\n    return xs[(len(xs) - 1) // 2]\n")
        half = await evaluator.evaluate("def middle(xs):\n    return xs[len(xs) // 2]\n")
        same = await evaluator.evaluate((root / "core.py").read_text())
    assert fixed.verdict is Verdict.VERIFIED
    assert fixed.speedup is None
    assert fixed.evidence is not None
    assert (fixed.evidence.replayed, fixed.evidence.generated) == (1, 0)
    assert "Tests of the original fail" in fixed.evidence.unchecked[0]
    assert (half.verdict, half.passed) == (Verdict.FAILED_TESTS, 1)
    assert "test_four" in half.reason
    assert "assert 3 == 2" in half.reason
    assert same.verdict is Verdict.FAILED_TESTS


async def test_the_buffer_counts_and_the_file_does_not(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    target = Target(root, root / "core.py", "unique", LINEAR)
    (root / "core.py").write_text("this is not Python\n")
    evaluator = await open_evaluator(target, Settings())
    try:
        assert (await evaluator.baseline()).failed == 0
    finally:
        await evaluator.close()


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"core.py": "def f(): return 1\n"}, "no tests"),
        (
            {"core.py": "def f(): return 1\n", "test_a.py": "def test_a(): pass\n"},
            "No test calls the function",
        ),
        (
            {
                "core.py": "def f(): return 1\nX = f()\n",
                "test_a.py": "import core\ndef test_a(): assert core.X\n",
            },
            "while modules load",
        ),
    ],
    ids=["no tests", "not called", "called on import"],
)
async def test_a_function_without_tests_is_said_to_have_none(
    tmp_path: Path, files: dict[str, str], note: str
) -> None:
    root = write_project(tmp_path, files)
    async with evaluating(root, "f") as evaluator:
        baseline = await evaluator.baseline()
        evaluation = await evaluator.evaluate("def f(): return 2\n")
    assert baseline.tests == ()
    assert baseline.suite_size == ("test_a.py" in files)
    assert note in " ".join(baseline.notes)
    assert evaluation.verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("test", "settings", "words"),
    [
        ("import no_such_module\n", {}, "No module named 'no_such_module'"),
        ("def test_a(:\n", {}, "SyntaxError"),
        ("def test_a():\n    while True: pass\n", {"test_timeout": 3}, "did not finish within 3 s"),
        (None, {}, "unrecognized arguments: --no-such-option"),
    ],
    ids=["import", "syntax", "hang", "usage"],
)
async def test_tests_that_cannot_run_are_an_error_with_advice(
    tmp_path: Path, test: str | None, settings: dict[str, object], words: str
) -> None:
    files = {"core.py": "def f(): return 1\n", "test_a.py": test or ""}
    if test is None:
        files["pytest.ini"] = "[pytest]\naddopts = --no-such-option\n"
    root = write_project(tmp_path, files)
    async with evaluating(root, "f", **settings) as evaluator:
        with pytest.raises(BaselineError) as error:
            await evaluator.baseline()
    assert words in error.value.message
    assert error.value.advice


async def test_one_broken_test_file_does_not_stop_the_others(tmp_path: Path) -> None:
    root = write_project(tmp_path, {**UNIQUE, "test_broken.py": "import no_such_module\n"})
    async with evaluating(root, "unique") as evaluator:
        baseline = await evaluator.baseline()
    assert baseline.passed == 3
    assert "no_such_module" in " ".join(baseline.notes)


async def test_tests_that_start_processes_are_allowed_to(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "core.py": """
                import subprocess
                import sys

                def shout(text):
                    code = "import sys; print(sys.argv[1].upper(), end='')"
                    return subprocess.check_output([sys.executable, "-c", code, text], text=True)
            """,
            "test_core.py": """
                from core import shout

                def test_shout():
                    assert shout("a") == "A"
            """,
        },
    )
    async with evaluating(root, "shout") as evaluator:
        baseline = await evaluator.baseline()
        evaluation = await evaluator.evaluate(
            "import subprocess\n"
            "def shout(text):\n"
            "    subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
            "    return text.upper()\n"
        )
        assert baseline.passed == 1
        assert "start processes" in " ".join(baseline.notes)
        assert evaluation.passed == 1
        assert not sleepers(), "what a version starts ends with it"


def sleepers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "sleep" in child.name()]


async def test_settings_of_pytest_do_not_hide_results(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            **UNIQUE,
            "test_a.py": "def test_fails():\n    assert False\n",
        },
        options="    -x -v --ff --junitxml=report.xml\nfilterwarnings = error\ntestpaths = .\n",
    )
    async with evaluating(root, "unique") as evaluator:
        baseline = await evaluator.baseline()
        evaluation = await evaluator.evaluate(LINEAR)
    assert (baseline.passed, baseline.suite_size) == (3, 4)
    assert evaluation.verdict is Verdict.VERIFIED, evaluation.reason
    assert not (root / "report.xml").exists()


async def test_a_test_that_depends_on_others_is_left_out(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "core.py": "def f(x): return x\n",
            "test_a.py": "import sys\ndef test_sets(): sys.seen = True\n",
            "test_b.py": """
                import sys
                from core import f

                def test_needs():
                    assert f(1) and sys.seen

                def test_alone():
                    assert f(1) == 1
            """,
        },
    )
    async with evaluating(root, "f") as evaluator:
        baseline = await evaluator.baseline()
    assert [test.id for test in baseline.tests] == ["test_b.py::test_alone"]
    assert "test_needs" in " ".join(baseline.notes)


@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
async def test_nothing_is_left_of_an_evaluator(tmp_path: Path, level: str) -> None:
    root = write_project(tmp_path, UNIQUE)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    try:
        await sandbox.choose(level)
    except SandboxUnavailable as unavailable:
        if level in os.environ.get("ORPS_REQUIRE_SANDBOXES", ""):
            raise
        pytest.skip(str(unavailable))
    async with evaluating(root, "unique", sandbox=level) as evaluator:
        baseline = await evaluator.baseline()
        evaluation = await evaluator.evaluate(LINEAR)
        await evaluator.close()
        await evaluator.close()
    assert baseline.sandbox == level
    assert evaluation.verdict is Verdict.VERIFIED
    assert psutil.Process().children(recursive=True) == []
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


async def test_cancelling_is_prompt_and_leaves_the_evaluator_usable(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    hang = "def unique(xs):\n    while True: pass\n"
    async with evaluating(root, "unique") as evaluator:
        await evaluator.baseline()
        task = asyncio.create_task(evaluator.evaluate(hang))
        await busy_child()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 2)
        assert (await evaluator.evaluate(LINEAR)).verdict is Verdict.VERIFIED
    assert psutil.Process().children(recursive=True) == []


async def busy_child() -> None:
    """Wait until a process of ours has used some CPU time for a candidate."""
    deadline = asyncio.get_running_loop().time() + 30
    known = {child.pid for child in psutil.Process().children(recursive=True)}
    while asyncio.get_running_loop().time() < deadline:
        for child in psutil.Process().children(recursive=True):
            try:
                if child.pid not in known and child.cpu_times().user > 0.3:
                    return
            except psutil.NoSuchProcess:
                continue
        await asyncio.sleep(0.01)
    raise AssertionError("no child runs")


async def test_cancelling_a_baseline_leaves_nothing(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {**UNIQUE, "test_slow.py": "def test_hang():\n    while True: pass\n"},
    )
    async with evaluating(root, "unique") as evaluator:
        task = asyncio.create_task(evaluator.baseline())
        await busy_child()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 2)
    assert psutil.Process().children(recursive=True) == []


async def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    async with evaluating(root, "unique") as evaluator:
        await evaluator.baseline()
        for child in psutil.Process().children(recursive=True):
            child.kill()
        evaluation = await evaluator.evaluate(LINEAR)
    assert evaluation.verdict is Verdict.VERIFIED
    assert evaluation.evidence is not None
    assert evaluation.evidence.generated > 0


async def test_an_evaluation_fails_if_no_worker_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(tmp_path, UNIQUE)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "__main__.py").write_text("raise SystemExit('nothing here')\n")
    monkeypatch.setattr("orps_lsp.evaluation.client.WORKER", tmp_path / "empty")
    monkeypatch.setattr("orps_lsp.evaluation.project.surroundings.WORKER", tmp_path / "empty")
    async with evaluating(root, "unique") as evaluator:
        with pytest.raises(EvaluationError, match="nothing here"):
            await evaluator.baseline()


async def test_a_wrong_interpreter_setting_is_an_error(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    with pytest.raises(InterpreterError):
        async with evaluating(root, "unique", python="no/such/python"):
            pass


async def test_messages_of_failed_tests_are_short(tmp_path: Path) -> None:
    root = write_project(tmp_path, UNIQUE)
    async with evaluating(root, "unique") as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate("def unique(xs):\n    return ['x' * 9999] * 99\n")
    assert {test.outcome for test in evaluation.tests} == {TestOutcome.FAILED}
    assert all(0 < len(test.message) <= 600 for test in evaluation.tests)


@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
async def test_the_user_is_told_of_changes_that_candidates_saw(tmp_path: Path, level: str) -> None:
    try:
        await sandbox.choose(level)
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))
    root = write_project(tmp_path, UNIQUE)
    async with evaluating(root, "unique", sandbox=level) as evaluator:
        await evaluator.baseline()
        before = await evaluator.remarks()
        (root / "core.py").write_text("", encoding="utf-8")  # its text does not come from the disk
        own = await evaluator.remarks()
        (root / "test_core.py").write_text("", encoding="utf-8")
        after = await evaluator.remarks()
        evaluation = await evaluator.evaluate(LINEAR)
    assert before == own == ()
    assert bool(after) is (level == "landlock")
    if level == "bubblewrap":  # it has a copy
        assert evaluation.verdict is Verdict.VERIFIED
