"""Fit what the model is told of a function into a number of tokens, by what each piece is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from orps_lsp.llm.protocol import Message, Prompt
from orps_lsp.quantities import count as counted
from orps_lsp.search.prompts import Prompts, Task
from orps_lsp.search.strategies import Strategy
from orps_lsp.search.types import Intent
from orps_lsp.source.context import Context

T = TypeVar("T")
Count = Callable[[Prompt], Awaitable[int]]

# How much more than the module's own context and the tests a small model is shown, in tokens; a
# long function may have as much again as it is long itself. More distracts such a model.
GROWTH = 150
_LOCAL = ("imports", "class_header", "definitions", "tests")
_STEPS = 8  # of the search for how much fits: to a 256th of all context
_NAMED = 3  # pieces that the note names

# A definition's weight is 1 where the function names it itself, 0.5 where only its helpers do.
_IMPORTS = 1.5
_CLASS = 1.4
_ELSEWHERE = 0.97  # times the definition's weight: behind its equals of the same file
_HOT_LINES = 0.9
_ARGUMENTS = 0.85
_SIGNATURES = 0.6  # times the weight, as for calls
_CALLS = 0.48
_TESTS = {
    Intent.FIX: (1.2, 0.92, 0.8, 0.7, 0.55, 0.45, 0.35),  # they say what is wrong
    Intent.OPTIMISE: (0.88, 0.55, 0.35),
    Intent.SIMPLIFY: (0.88, 0.65, 0.55, 0.45, 0.35),
}


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of the task's context: the ``number``-th of its ``kind``.

    ``name`` is empty for what is only counted when it is left out.
    """

    kind: str
    number: int
    text: str
    worth: float
    name: str = ""


async def fit(task: Task, limit: int, count: Count, *, think: bool) -> tuple[Task, tuple[str, ...]]:
    """Drop the least worthy context until the common part has at most ``limit`` tokens.

    A model that does not ``think`` is shown only a little beyond the module's own. Returns the task
    and, if anything was left out, a sentence about it. No piece is cut, and the function itself is
    always there: where it alone is too long, the engine's error says so.
    """

    async def tokens(of: Task) -> int:
        return await count(Prompts(of, think).programmer(Strategy("free"), ()))

    items = sorted(_items(task), key=lambda item: -item.worth)
    needed = await tokens(task)
    local = [item for item in items if item.kind in _LOCAL]
    if not think and len(local) < len(items):
        function = await count(Prompt((Message("user", task.function.text),)))
        limit = min(limit, await tokens(_only(task, local)) + max(GROWTH, function))
    if needed <= limit:
        return task, ()
    fitted = _only(task, ())
    kept: Sequence[_Item] = ()
    low, high = 0.0, float(sum(len(item.text) for item in items))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        chosen = _worthiest(items, middle)
        trial = _only(task, chosen)
        if await tokens(trial) <= limit:
            low, fitted, kept = middle, trial, chosen
        else:
            high = middle
    return fitted, _note([item for item in items if item not in kept])


def _worthiest(items: Iterable[_Item], room: float) -> list[_Item]:
    """Take, the worthiest first, what still fits into a number of characters.

    One that is too long for the rest does not keep out the shorter ones behind it.
    """
    chosen = []
    for item in items:
        if len(item.text) <= room:
            room -= len(item.text)
            chosen.append(item)
    return chosen


def _items(task: Task) -> Iterator[_Item]:
    context = task.context
    if context.imports:
        yield _Item("imports", 0, context.imports, _IMPORTS, "the imports")
    if context.class_header:
        yield _Item("class_header", 0, context.class_header, _CLASS, "the class")
    for kind, pieces, factor in (
        ("definitions", context.definitions, 1.0),
        ("elsewhere", context.elsewhere, _ELSEWHERE),
        ("signatures", context.signatures, _SIGNATURES),
        ("calls", context.calls, _CALLS),
    ):
        for number, piece in enumerate(pieces):
            name = "" if kind == "calls" else f"`{piece.name}`"
            yield _Item(kind, number, piece.text, piece.weight * factor, name)
    worths = _TESTS[task.intent]
    for number, text in enumerate(task.tests):
        yield _Item("tests", number, text, worths[min(number, len(worths) - 1)])
    for number, text in enumerate(task.arguments):
        yield _Item("arguments", number, text, _ARGUMENTS)
    for number, line in enumerate(task.hot_lines):
        yield _Item("hot_lines", number, line.text, _HOT_LINES)


def _only(task: Task, items: Collection[_Item]) -> Task:
    """The task with these pieces alone, in their order."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for item in items:
        numbers[item.kind].add(item.number)
    context = task.context
    return replace(
        task,
        context=Context(
            imports=context.imports if numbers["imports"] else "",
            definitions=_kept(context.definitions, numbers["definitions"]),
            class_header=context.class_header if numbers["class_header"] else "",
            elsewhere=_kept(context.elsewhere, numbers["elsewhere"]),
            signatures=_kept(context.signatures, numbers["signatures"]),
            calls=_kept(context.calls, numbers["calls"]),
        ),
        tests=_kept(task.tests, numbers["tests"]),
        arguments=_kept(task.arguments, numbers["arguments"]),
        hot_lines=_kept(task.hot_lines, numbers["hot_lines"]),
    )


def _kept(pieces: Sequence[T], numbers: Collection[int]) -> tuple[T, ...]:
    return tuple(piece for number, piece in enumerate(pieces) if number in numbers)


_WORDS = {
    "tests": ("test", "tests"),
    "calls": ("call", "calls"),
    "arguments": ("argument", "arguments"),
    "hot_lines": ("line of the profile", "lines of the profile"),
}


def _note(left_out: Sequence[_Item]) -> tuple[str, ...]:
    """Say in one sentence what is not shown."""
    if not left_out:
        return ()
    names = [item.name for item in left_out if item.name]
    parts = names[:_NAMED]
    if len(names) > _NAMED:
        parts.append(counted(len(names) - _NAMED, "other"))
    for kind, words in _WORDS.items():
        if number := sum(item.kind == kind for item in left_out):
            parts.append(counted(number, *words))
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return (f"Left out of the prompt for lack of room: {listed}.",)
