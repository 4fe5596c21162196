"""The README and the end-to-end tests rely on what the examples' own tests say."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

# The suites run as a user's would: no bytecode in the tree, nothing of the outer pytest's options.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))
} | {"PYTHONDONTWRITEBYTECODE": "1"}


def run(project: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=EXAMPLES / project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def outcomes(project: str, report: Path) -> tuple[int, set[str]]:
    """Run a project's suite with pytest: how many tests passed, and which did not."""
    ended = run(project, "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}")
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    unsuccessful = {case.attrib["name"] for case in cases if len(case.findall("*"))}
    return len(cases) - len(unsuccessful), unsuccessful


@pytest.mark.parametrize(
    ("project", "passed"), [("orders", 12), ("logstats", 11), ("shipping", 33)]
)
def test_examples_to_optimise_or_simplify_pass(project: str, passed: int, tmp_path: Path) -> None:
    assert outcomes(project, tmp_path / "report.xml") == (passed, set())


def test_example_to_fix_fails_where_its_function_is_wrong(tmp_path: Path) -> None:
    assert outcomes("billing", tmp_path / "report.xml") == (
        5,
        {
            "test_first_page_has_the_newest_invoices",
            "test_last_page_may_be_short",
            "test_summary_names_the_first_and_last_invoice_of_the_page",
        },
    )


def test_example_of_a_stub_fails_in_the_stub_alone(tmp_path: Path) -> None:
    passed, failed = outcomes("textkit", tmp_path / "report.xml")
    assert (passed, len(failed)) == (5, 8)
    assert all(name.startswith("test_slugify[") for name in failed)


def test_unittest_example_runs_without_pytest() -> None:
    ended = run("logstats", "unittest", "discover", "-s", "tests")
    assert ended.returncode == 0, ended.stderr
    assert "Ran 11 tests" in ended.stderr
