"""Versions that hang, crash, flood, forge or hide: none is verified, none leaves a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.equivalence import replay
from orps_lsp.evaluation.protocol import TestOutcome, Verdict

FILES = {
    "core.py": """
        def first(xs, default=None):
            for x in xs:
                return x
            return default
    """,
    "test_core.py": """
        from core import first

        def test_first():
            assert first([1, 2]) == 1

        def test_default():
            assert first([], 7) == 7
    """,
}

FORGE = """
    import os
    passed = b'{"result": "test_core.py::test_first", "outcome": "passed"}'
    for fd in range(3, 64):
        for line in (passed, b'{"done": true}'):
            try:
                os.write(fd, line + b"\\n")
            except OSError:
                pass
    os._exit(0)
"""

# (body of the function, verdict, outcome of the first test)
VERSIONS = {
    "exits": ("import os; os._exit(0)", Verdict.FAILED_TESTS, TestOutcome.CRASHED),
    "exits politely": ("raise SystemExit(0)", Verdict.FAILED_TESTS, TestOutcome.FAILED),
    "segfault": ("import ctypes; ctypes.string_at(0)", Verdict.FAILED_TESTS, TestOutcome.CRASHED),
    "skips": ("import pytest; pytest.skip()", Verdict.FAILED_TESTS, TestOutcome.SKIPPED),
    "stops pytest": ("import pytest; pytest.exit('x', 0)", Verdict.FAILED_TESTS, None),
    "hogs memory": ("return [0] * 10**10", Verdict.FAILED_TESTS, TestOutcome.FAILED),
    "forks": ("import os; return os.fork() and 1", Verdict.FAILED_TESTS, TestOutcome.FAILED),
    "starts a program": (
        "import subprocess; subprocess.run(['true']); return 1",
        Verdict.FAILED_TESTS,
        TestOutcome.FAILED,
    ),
    "forges results": (FORGE, Verdict.FAILED_TESTS, TestOutcome.CRASHED),
    "is equal to everything": (
        "class A(list):\n        __eq__ = lambda *_: True\n    return A()",
        Verdict.DISAGREES,
        None,
    ),
    "looks at the test": (
        "import sys\n"
        "    code = sys._getframe(1).f_code\n"
        "    return 1 if code.co_name == 'test_first' else 7",
        Verdict.DISAGREES,
        None,
    ),
    "changes json and os": (
        "import json, os\n"
        "    json.dumps = json.JSONEncoder.encode = os.write = lambda *_, **__: '{}'\n"
        "    return default if not xs else xs[0] if len(xs) > 1 else 0",
        Verdict.DISAGREES,
        None,
    ),
    "prints a lot": ("print('x' * 10**8); return (xs or [default])[0]", Verdict.FAILED_TESTS, None),
    "catches everything and hangs outside of the tests": (
        "if len(xs) < 3 and list(xs) in ([1, 2], []): return xs[0] if xs else default\n"
        "    while True:\n"
        "        try:\n"
        "            while True: pass\n"
        "        except: pass",
        Verdict.DISAGREES,
        None,
    ),
    "crashes outside of the tests": (
        "import os\n    return os._exit(0) if len(xs) == 1 else (xs or [default])[0]",
        Verdict.DISAGREES,
        None,
    ),
}


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CALL_SECONDS", 0.5)


async def test_hostile_versions_are_not_verified(tmp_path: Path) -> None:
    root = write_project(tmp_path, FILES)
    async with evaluating(root, "first", memory_mb=512) as evaluator:
        baseline = await evaluator.baseline()
        assert baseline.sandbox != "none", "hostile code runs in a sandbox alone"
        for name, (body, verdict, outcome) in VERSIONS.items():
            source = f"def first(xs, default=None):\n    {body}\n"
            evaluation = await evaluator.evaluate(source)
            assert (name, evaluation.verdict) == (name, verdict), evaluation.reason
            if outcome is not None:
                assert (name, evaluation.tests[0].outcome) == (name, outcome)
        # After all that, the evaluator still tells right from wrong.
        good = await evaluator.evaluate(
            "def first(xs, default=None):\n    return next(iter(xs), default)\n"
        )
        assert good.verdict is Verdict.VERIFIED, good.reason


async def test_a_version_that_hangs_costs_its_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orps_lsp.evaluation.limits.MIN_TEST_SECONDS", 1.0)
    monkeypatch.setattr("orps_lsp.evaluation.limits.TEST_FACTOR", 1.0)
    root = write_project(tmp_path, FILES)
    async with evaluating(root, "first") as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(
            "def first(xs, default=None):\n    if xs: return xs[0]\n    while True:\n        pass\n"
        )
    assert evaluation.verdict is Verdict.FAILED_TESTS
    assert [test.outcome for test in evaluation.tests] == [
        TestOutcome.PASSED,  # what was done before the hang is kept
        TestOutcome.TIMEOUT,
    ]


@pytest.mark.parametrize(
    "body",
    [
        "open({workspace!r} + '/core.py', 'w').write('')",
        "open({workspace!r} + '/new.txt', 'w').write('')",
        "import os; os.remove({workspace!r} + '/test_core.py')",
    ],
    ids=["changes a file", "makes a file", "removes a file"],
)
async def test_the_workspace_cannot_be_written(tmp_path: Path, body: str) -> None:
    root = write_project(tmp_path, FILES)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    source = f"def first(xs, default=None):\n    {body.format(workspace=str(root))}\n"
    async with evaluating(root, "first") as evaluator:
        assert (await evaluator.baseline()).sandbox != "none"
        evaluation = await evaluator.evaluate(source)
    assert evaluation.verdict is Verdict.FAILED_TESTS
    assert "Error" in evaluation.reason
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
