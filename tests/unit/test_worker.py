"""The worker under other interpreters: the oldest syntax, no pytest, an environment of its own."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation.client import WORKER
from orps_lsp.evaluation.discovery.reach import MANY_TEST_FILES
from orps_lsp.evaluation.protocol import TestOutcome, Verdict

OLDEST = (3, 8)
OPTIONAL = {"pytest", "hypothesis", "crosshair"}  # used where they are installed


def interpreters(version: str) -> list[str]:
    """Return programs that may be this Python, where people install such things."""
    found = [shutil.which(f"python{version}") or ""]
    versions = Path.home() / ".pyenv" / "versions"
    found += [str(path) for path in versions.glob(f"{version}*/bin/python")]
    return [path for path in found if path]


@pytest.fixture
def oldest() -> str:
    for path in interpreters(".".join(map(str, OLDEST))):
        code = "import importlib.util as u; print(u.find_spec('pytest') is None)"
        answer = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == "True":
            return path
    pytest.skip("there is no Python 3.8 without pytest on this machine")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    path = tmp_path / "environment"
    command = [sys.executable, "-m", "venv", "--without-pip", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.mark.parametrize("path", sorted(WORKER.rglob("*.py")), ids=lambda path: path.name)
def test_the_worker_has_the_syntax_of_python_3_8_and_can_do_with_the_standard_library(
    path: Path,
) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(str(node.module).partition(".")[0])
    assert imported <= set(sys.stdlib_module_names) | OPTIONAL


FILES = {
    "shop/__init__.py": "",
    "shop/core.py": """
        def split(text, sep=","):
            parts = []
            for part in text.split(sep):
                part = part.strip()
                if part:
                    parts.append(part)
            return parts
    """,
    "tests/__init__.py": "",
    "tests/test_core.py": """
        import unittest
        from shop.core import split

        class SplitTest(unittest.TestCase):
            def test_plain(self):
                self.assertEqual(split("a, b"), ["a", "b"])

            def test_subtests(self):
                for text in ("", " ", ","):
                    with self.subTest(text=text):
                        self.assertEqual(split(text), [])

            @unittest.expectedFailure
            def test_known_bug(self):
                self.assertEqual(split(None), [])

            @unittest.skip("not now")
            def test_skipped(self):
                self.assertEqual(split("a"), [])

        class OtherTest(unittest.TestCase):
            def test_other(self):
                self.assertTrue(split)
    """,
    "tests/test_broken.py": "import no_such_module\n",
    "more/test_more.py": """
        import unittest
        from shop import core

        class MoreTest(unittest.TestCase):
            def setUp(self):
                self.parts = core.split("x;y", ";")

            def test_more(self):
                self.assertEqual(self.parts, ["x", "y"])
    """,
}
TOUCHING = {
    "tests.test_core.SplitTest.test_plain",
    "tests.test_core.SplitTest.test_subtests",
    "tests.test_core.SplitTest.test_known_bug",
    "test_more.MoreTest.test_more",
}


async def check_unittest_project(root: Path, python: str) -> None:
    source = (root / "shop/core.py").read_text()
    async with evaluating(root, "split", "shop/core.py", python=python) as evaluator:
        baseline = await evaluator.baseline()
        good = await evaluator.evaluate(
            "def split(text, sep=','):\n"
            "    return [part.strip() for part in text.split(sep) if part.strip()]\n"
        )
        bad = await evaluator.evaluate(source.replace("if part:", "if True:"))
        edge = await evaluator.evaluate(source.replace("if part:", "if part and part != 'A':"))
        broken = await evaluator.evaluate("def split(:\n")
    assert baseline.runner.startswith("unittest 3.")
    assert {test.id for test in baseline.tests} == TOUCHING
    assert baseline.failed == 0
    assert baseline.suite_size == 6
    assert "no_such_module" in " ".join(baseline.notes)
    assert good.verdict is Verdict.VERIFIED, good.reason
    assert good.speedup is not None
    assert bad.verdict is Verdict.FAILED_TESTS
    failed = {test.id: test for test in bad.tests if not test.passed}
    assert failed.keys() == {"tests.test_core.SplitTest.test_subtests"}
    assert next(iter(failed.values())).outcome is TestOutcome.FAILED
    assert "Lists differ" in next(iter(failed.values())).message
    assert edge.verdict is Verdict.DISAGREES
    assert broken.verdict is Verdict.BROKEN


async def test_a_unittest_project_under_the_oldest_python(tmp_path: Path, oldest: str) -> None:
    await check_unittest_project(write_project(tmp_path, FILES), oldest)


async def test_a_unittest_project_in_an_environment_without_pytest(
    tmp_path: Path, environment: Path
) -> None:
    root = write_project(tmp_path / "project", FILES)
    await check_unittest_project(root, str(environment))


async def test_unittest_loads_only_the_files_that_are_wanted(
    tmp_path: Path, environment: Path
) -> None:
    """Also where the class of a test is written in a module that is no test file."""
    test = """
        import unittest
        from shop.core import split

        class CommonTest(unittest.TestCase):
            def test_common(self):
                self.assertEqual(split("a"), ["a"])
    """
    bombs = {f"tests/test_{n:02}.py": "raise SystemExit\n" for n in range(MANY_TEST_FILES)}
    files = {
        **{name: FILES[name] for name in ("shop/__init__.py", "shop/core.py")},
        "tests/__init__.py": "",
        "tests/common.py": test,
        "tests/test_split.py": "from tests.common import CommonTest\n",
    }
    root = write_project(tmp_path / "project", {**files, **bombs})
    async with evaluating(root, "split", "shop/core.py", python=str(environment)) as evaluator:
        baseline = await evaluator.baseline()
        wrong = await evaluator.evaluate("def split(text, sep=','):\n    return []\n")
    assert [test.id for test in baseline.tests] == ["tests.common.CommonTest.test_common"]
    assert "20 of 21 test files cannot reach" in " ".join(baseline.notes)
    assert wrong.verdict is Verdict.FAILED_TESTS
    assert wrong.tests[0].outcome is TestOutcome.FAILED
