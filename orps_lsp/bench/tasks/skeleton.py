"""What a search starts from: the function's header, and classes that its tests name.

Where a task has no signature (HumanEval and MBPP in the form of the ORPS authors), the model names
the parameters, greedily and once: all methods start from the same stub.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from orps_lsp.bench.tasks.task import BenchTask, Interface
from orps_lsp.llm.protocol import Engine, Message, Prompt, Sampling, Usage
from orps_lsp.source.syntax import normalise

_SYSTEM = "You are an expert Python engineer."
_HEADER_TOKENS = 48
_CLASS_TOKENS = 200
_TESTS_SHOWN = 3
_FENCE = "```python\n"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The header of the function, the source of the classes, and what drafting them took."""

    header: str
    definitions: str
    usage: Usage


async def draft(engine: Engine, task: BenchTask, wanted: Interface) -> Skeleton:
    """Return the task's header, or let the model write one that fits the visible tests' calls.

    Raises:
        EngineError: as the engine raises it.
    """
    usage = Usage()
    header = signature(task.signature, wanted)
    if not header:
        prompt = _prompt(task, f"Write the function `{wanted.name}`.", f"def {wanted.name}(")
        answer = await engine.complete(prompt, _greedy(_HEADER_TOKENS, ("\n",)))
        usage += answer.usage
        header = signature(f"def {wanted.name}({answer.text}", wanted) or _plain(wanted)
    definitions = []
    for name in wanted.classes:
        prompt = _prompt(task, f"Write the class `{name}` alone.", f"class {name}:\n    def ")
        answer = await engine.complete(prompt, _greedy(_CLASS_TOKENS, ("\n```", "\n\n\n")))
        usage += answer.usage
        definitions.append(_class(name, f"class {name}:\n    def {answer.text}"))
    return Skeleton(header, "\n\n\n".join(definitions), usage)


def signature(text: str, wanted: Interface) -> str:
    """Return the line of a def without what follows it; empty if it is not what the tests call."""
    line = text.strip()
    line = line if line.startswith("def ") else f"def {line}"
    ends = [len(line), *(match.end() for match in re.finditer(r"[)\]\w](?=\s*:)|\)", line))]
    for end in sorted(ends, reverse=True):
        try:
            (node,) = ast.parse(f"{line[:end]}: ...").body
        except (SyntaxError, ValueError):
            continue
        if (
            isinstance(node, ast.FunctionDef)
            and node.name == wanted.name
            and all(_takes(node.args, count) for count in wanted.calls)
        ):
            return ast.unparse(node).rpartition(":")[0] + ":"
    return ""


def _takes(arguments: ast.arguments, count: int) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    return required <= count and (count <= positional or arguments.vararg is not None)


def _plain(wanted: Interface) -> str:
    """A header that fits, where the model wrote none: a, b, c."""
    most, least = max(wanted.calls, default=0), min(wanted.calls, default=0)
    names = [f"arg{number}" for number in range(1, most + 1)]
    return f"def {wanted.name}({', '.join(names[:least] + [f'{n}=None' for n in names[least:]])}):"


def _class(name: str, text: str) -> str:
    """Return the class in an answer, as far as it parses."""
    lines = normalise(text).split("\n")
    while lines:
        try:
            body = ast.parse("\n".join(lines)).body
        except SyntaxError:
            lines.pop()
            continue
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
        return ast.unparse(found[0]) if found else ""
    return f"class {name}:\n    pass"


def _prompt(task: BenchTask, order: str, start: str) -> Prompt:
    tests = "\n".join(task.visible[:_TESTS_SHOWN])
    content = f"{task.instruction.strip()}\n\nExamples:\n{_FENCE}{tests}\n```\n\n{order}"
    return Prompt((Message("system", _SYSTEM), Message("user", content)), _FENCE + start)


def _greedy(tokens: int, stop: tuple[str, ...]) -> Sampling:
    return Sampling(temperature=0.0, max_tokens=tokens, stop=stop)
