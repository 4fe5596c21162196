"""A task as a project: a module with the function as a stub, and a file of tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orps_lsp.bench.pytest_plugins import without_plugins
from orps_lsp.bench.tasks.task import BenchTask, setup_of
from orps_lsp.source.syntax import add_indent

MODULE = "solution"
_INDENT = "    "


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder for as long as it is needed."""
    with TemporaryDirectory(prefix="orps-bench-") as path:
        yield Path(path).resolve()


def write(root: Path, module: str, task: BenchTask, tests: tuple[str, ...], name: str) -> Path:
    """Write ``module`` and the tests into an empty folder; return the module's file.

    ``name`` is that of the function, for tests whose setup does not import it.
    """
    file = root / f"{MODULE}.py"
    file.write_text(module, encoding="utf-8")
    setup = setup_of(task, MODULE)
    importing = "" if f"from {MODULE} import" in setup else f"from {MODULE} import {name}\n"
    functions = "".join(
        f"\n\ndef test_{number}():\n{add_indent(test.strip(), _INDENT)}\n"
        for number, test in enumerate(tests, 1)
    )
    text = f"{importing}{setup}\n{functions}"
    (root / f"test_{MODULE}.py").write_text(text, encoding="utf-8")
    (root / "pytest.ini").write_text(without_plugins(), encoding="utf-8")
    return file


def stub(task: BenchTask, header: str, definitions: str = "") -> str:
    """Return a module with the function of ``header``, which does nothing yet.

    It has the imports of the tests' setup, and the ``definitions`` that the header refers to.
    """
    docstring = add_indent(_literal(task.instruction.strip()), _INDENT)
    body = f"{header}\n{_INDENT}{docstring.strip()}\n{_INDENT}raise NotImplementedError\n"
    parts = ["from __future__ import annotations", _imports(task.setup), definitions.strip(), body]
    return "\n\n\n".join(filter(None, parts))


def _literal(text: str) -> str:
    """Return a docstring's literal; quotes of its own kind become others."""
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""' if "\n" in text or text.endswith('"') else f'"""{text}"""'


def _imports(setup: str) -> str:
    tree = ast.parse(setup)
    lines = [
        ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Import)
        or (isinstance(node, ast.ImportFrom) and node.module not in ("code", "__future__"))
    ]
    return "\n".join(line for line in lines if line != "import pytest")
