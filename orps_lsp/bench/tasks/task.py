"""Programming tasks as they lie in a JSON-lines file, and what their tests say of the interface."""

from __future__ import annotations

import ast
import builtins
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orps_lsp.bench.errors import BenchError

_CANDIDATE_MODULE = "code"  # by which LBPP's tests import what they test
_SIGNATURE_NAME = re.compile(r"\s*(?:def\s+)?(\w+)\s*\(")
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class BenchTask:
    """One task. A search may see ``instruction``, ``signature``, ``setup`` and ``visible``.

    ``setup`` are lines that go before every test. ``hidden`` tests and the ``reference`` solution
    are for scoring alone.
    """

    id: str
    instruction: str
    signature: str
    setup: str
    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True)
class Interface:
    """What the tests need: a function of that name, called with so many positional arguments.

    ``classes`` are names that the tests import beside it, and which the solution has to define.
    """

    name: str
    calls: tuple[int, ...]
    classes: tuple[str, ...] = ()


def load(path: Path) -> tuple[BenchTask, ...]:
    """Read all tasks of a file.

    Raises:
        BenchError: the file cannot be read, or a line is no task.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} cannot be read: {error}.") from error
    tasks = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                tasks.append(_task(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise BenchError(
                    f"Line {number} of {path} is no task: {error!r}.",
                    "Each line is an object with task_id, instruction, setup, visible_tests, "
                    "hidden_tests and reference.",
                ) from error
    if not tasks:
        raise BenchError(f"{path} has no tasks.")
    return tuple(tasks)


def _task(fields: dict[str, Any]) -> BenchTask:
    return BenchTask(
        id=str(fields["task_id"]),
        instruction=str(fields["instruction"]),
        signature=str(fields.get("signature", "")),
        setup=str(fields.get("setup", "")),
        visible=tuple(map(str, fields["visible_tests"])),
        hidden=tuple(map(str, fields["hidden_tests"])),
        reference=str(fields["reference"]),
    )


def shuffled(tasks: Sequence[BenchTask], seed: int) -> tuple[BenchTask, ...]:
    """Return the tasks in an order that ``seed`` decides: a sample is the first of them."""
    order = list(tasks)
    random.Random(seed).shuffle(order)
    return tuple(order)


def interface(task: BenchTask) -> Interface | str:
    """Return what a solution has to define, or why that is no function, as a sentence."""
    if not task.visible:
        return "It has no visible tests, so that nothing would guide a search."
    try:
        imported = tuple(_imported(task.setup))
        calls = [call for test in task.visible for call in _calls(test, task.setup)]
    except SyntaxError as error:
        return f"Its tests do not parse: {error}."
    known = Counter(name for name, _ in calls)
    signed = _SIGNATURE_NAME.match(task.signature)
    own = [name for name in known if name not in _BUILTINS] or list(known)  # one is called `sum`
    names = [name for name in imported if not name[0].isupper()] if imported else own
    if signed and signed[1] in known:
        names = [signed[1]]
    if not names:
        return "Its solution is a class, and this tool refines functions."
    name = max(names, key=lambda each: known[each])
    classes = tuple(each for each in imported if each != name)
    return Interface(name, tuple(count for each, count in calls if each == name), classes)


def setup_of(task: BenchTask, module: str) -> str:
    """Return the lines before each test, with the solution imported from ``module``."""
    pattern = rf"^(\s*from\s+){_CANDIDATE_MODULE}(\s+import\b)"
    return re.sub(pattern, rf"\g<1>{module}\g<2>", task.setup, flags=re.MULTILINE).strip()


def _imported(setup: str) -> Iterator[str]:
    for node in ast.parse(setup).body:
        if isinstance(node, ast.ImportFrom) and node.module == _CANDIDATE_MODULE:
            yield from (alias.name for alias in node.names)


def _calls(test: str, setup: str) -> Iterator[tuple[str, int]]:
    """Yield the functions that a test calls and nobody else defines, with their arity."""
    bound = {
        node.id if isinstance(node, ast.Name) else node.name
        for text in (test, setup)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    for node in ast.walk(ast.parse(test)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name not in bound:
                yield name, len(node.args)
