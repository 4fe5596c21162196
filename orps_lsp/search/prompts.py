"""Prompts, laid out so that an engine reads as little as possible anew.

The system text, the function, its context and its tests are the same for every request of a
search, and come first. An attempt is a turn of a conversation: what became of it, and the critic's
and the next programmer's task, come behind the very text that the model wrote, which the engine
still holds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orps_lsp.evaluation.protocol import Baseline, Evaluation, HotLine, TestResult, Verdict
from orps_lsp.llm.protocol import Message, Prompt
from orps_lsp.quantities import count
from orps_lsp.search.strategies import GOALS, Strategy
from orps_lsp.search.types import Candidate, Intent, Part
from orps_lsp.source.context import Context, Piece
from orps_lsp.source.locate import Function
from orps_lsp.source.syntax import docstring_node

SCORES = ("1", "2", "3", "4", "5")
FENCE_END = "\n```"
# What follows a function in a script: it ends an answer, which would go on with it at length.
_REST = ("def test_", "# Test", "# Example", "if __name__", "print(", "assert ")
ENDS = (FENCE_END, *(f"\n{beginning}" for beginning in _REST))
_FENCE = "```python\n"
_INDENT = "    "
_BEGINNINGS = ("def ", "async def ", "@", "import ", "from ", "class ")  # of a whole answer
_REPLY = "Reply with one Python code block."
# In the words of EvalPlus (arXiv 2305.01210); what they bring is in docs/results.md.
_ORDER = (
    "Please provide a self-contained Python script that solves the following problem in a markdown "
    "code block:"
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SYSTEM = (
    "You are an expert Python engineer. You improve one function at a time: correct first, "
    "then fast, then simple. You keep its name, parameters and documented behaviour."
)
_MESSAGES_SHOWN = 3  # failing tests quoted in full; the others are only counted
_ANCESTORS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is told of the function. ``tests`` are sources, the most telling first.

    ``arguments`` and ``hot_lines`` are the baseline's, as far as they are to be shown.
    """

    name: str
    intent: Intent
    function: Function
    context: Context
    tests: tuple[str, ...]
    baseline: Baseline
    arguments: tuple[str, ...] = ()
    hot_lines: tuple[HotLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompts:
    """Makes every prompt of one search. ``think``: the model writes a thought before its code."""

    task: Task
    think: bool = False
    without: frozenset[Part] = frozenset()

    def programmer(self, strategy: Strategy, path: Sequence[Candidate]) -> Prompt:
        """Ask for a version by ``strategy``, after the attempts in ``path`` (root first)."""
        if Part.REASONING in self.without:
            strategy = replace(strategy, plan="", thought=None)
        history: tuple[Message, ...] = (Message("system", _SYSTEM),)
        goal = GOALS[self.task.intent]
        if path:
            history = _recent(path[-1].conversation)
            parts = [self._outcome(path[-1]), goal, "It must be better than the attempts above."]
        elif self.task.function.is_stub and not self.think:
            return _prompt(history, self._script(), _FENCE + self._start(strategy, path))
        elif strategy.keep is not None and not self.think:
            parts = [*self._surroundings(), f"Write this function:\n{_block(self._outline())}"]
        else:
            parts = [self._common(), goal]
        if not self.think:
            return _prompt(history, [*parts, _REPLY], _FENCE + self._start(strategy, path))
        if strategy.plan:
            parts.append(f"{strategy.plan}.")
        parts.append(
            "First say in one or two sentences what you change and why. Then give one Python "
            "code block with the whole function and the imports it needs, and nothing else."
        )
        return _prompt(history, parts, "")

    def planner(self, steps: Sequence[str]) -> Prompt:
        """Ask for the next step of a plan that has ``steps`` already."""
        known = "".join(f"{number}. {step}\n" for number, step in enumerate(steps, 1))
        goal = GOALS[self.task.intent]
        order = "Plan it first: numbered steps, one short sentence each, no code."
        return _prompt(
            (Message("system", _SYSTEM),),
            [self._common(), goal, order],
            f"{known}{len(steps) + 1}. ",
        )

    def conversation(self, prompt: Prompt, text: str) -> tuple[Message, ...]:
        """A programmer's prompt and the answer to it, of which the model wrote ``text``."""
        end = "" if self.think else FENCE_END
        return (*prompt.messages, Message("assistant", f"{prompt.prefill}{text}{end}"))

    def answer(self, text: str, strategy: Strategy, path: Sequence[Candidate]) -> str:
        """The whole answer to a programmer's prompt, of which the model wrote ``text``."""
        if self.think:
            return text
        first = next((line for line in text.split("\n") if line.strip()), "")
        if strategy.thought is not None and not first.startswith((*_BEGINNINGS, _INDENT)):
            return self._start(strategy, path) + text
        if not first[:1].isspace():
            return text  # it began anew, with its own def line
        return self._start(replace(strategy, plan="", thought=None), path) + text

    def _start(self, strategy: Strategy, path: Sequence[Candidate]) -> str:
        """The beginning of the answer's code: the header, what is kept of the body, the plan.

        A fix also begins with the docstring: a model that follows it writes it down again, which
        took a third of all tokens.
        """
        function = self.task.function
        docstring = _docstring(function.text) if self.task.intent is Intent.FIX else ""
        kept = ""
        if strategy.keep is not None:
            kept = first_statements(path[-1].code if path else function.text, strategy.keep)
        plan = "".join(f"{_INDENT}# {line}\n" for line in strategy.plan.splitlines())
        if strategy.thought is not None:
            plan = f"{_INDENT}# {strategy.thought}".rstrip()
        return f"{function.header}\n{docstring}{kept}{plan}"

    def critic(self, candidate: Candidate) -> Prompt:
        """Ask for a short critique of a candidate in the light of what ran.

        The answer is begun with what is known, so that a weak critic explains it instead of
        contradicting it.
        """
        return _prompt(
            candidate.conversation,
            [
                self._outcome(replace(candidate, critique="")),
                "Review this attempt in one or two sentences: why did it run as it did? "
                "Quote the code that you mean, in `backticks`.",
            ],
            _verdict(self._told(candidate)),
        )

    def evidence(self, candidate: Candidate) -> str:
        """All that a critique may quote: both versions, their tests, what ran."""
        return "\n".join(
            (self.task.function.text, candidate.code, *self._tests(), self._outcome(candidate))
        )

    def score(self, candidate: Candidate, critique: str) -> Prompt:
        """The critic's prompt with its answer so far and one forced position for the score."""
        prefill = f"{critique}\nScore from 1 (wrong) to 5 (excellent): "
        return replace(self.critic(candidate), prefill=prefill)

    def _common(self) -> str:
        task = self.task
        parts = [*self._surroundings(), *self._tests()]
        parts.append(f"The function `{task.function.qualname}`:\n{_block(task.function.text)}")
        parts.append(_listing("Where its time goes", map(_hot, task.hot_lines)))
        if task.intent is Intent.FIX and task.baseline.tests and not task.function.is_stub:
            parts.append(_failures("It fails tests", task.baseline.tests))
        return "\n\n".join(filter(None, parts))

    def _tests(self) -> list[str]:
        tests = self.task.tests
        return [f"Its tests:\n{_block(chr(10).join(tests))}"] if tests else []

    def _surroundings(self) -> list[str]:
        """What every first prompt begins with, so that all share it."""
        imports = _section("From its module", (self.task.context.imports, *self._module()))
        arguments = _listing("Its tests call it with", self.task.arguments)
        return list(filter(None, (imports, *self._elsewhere(), arguments)))

    def _module(self) -> tuple[str, ...]:
        context = self.task.context
        return (*(piece.text for piece in context.definitions), context.class_header)

    def _elsewhere(self) -> tuple[str, ...]:
        context = self.task.context
        return (
            _section("From other files", map(_located, context.elsewhere)),
            _listing("It uses", (piece.text for piece in context.signatures)),
            _section("It is called like this", map(_located, context.calls)),
        )

    def _script(self) -> list[str]:
        """A function that has no body yet, as the specification of a script."""
        script = "\n\n".join(filter(None, (self.task.context.imports, self._outline())))
        module = _section("From its module", self._module())
        return [module, *self._elsewhere(), f"{_ORDER}\n{_block(script)}", *self._tests()]

    def _outline(self) -> str:
        """The function without its body: the very text that an answer begins with."""
        function = self.task.function
        docstring = _docstring(function.text)
        if not docstring and function.docstring:  # on a line with other code
            docstring = f'{_INDENT}"""{function.docstring}"""\n'
        return f"{function.header}\n{docstring}"

    def _outcome(self, candidate: Candidate) -> str:
        """What became of an attempt, as the user's next turn."""
        parts = []
        if evaluation := self._told(candidate):
            parts.append(f"When it ran: {describe(evaluation)}")
        if not any(tests in m.content for tests in self._tests() for m in candidate.conversation):
            parts += self._tests()  # it was written from the specification alone
        if candidate.critique:
            parts.append(f"Review: {candidate.critique}")
        return "\n\n".join(parts)

    def _told(self, candidate: Candidate) -> Evaluation | None:
        return None if Part.EXECUTION in self.without else candidate.evaluation


def _prompt(history: Sequence[Message], parts: Sequence[str], prefill: str) -> Prompt:
    return Prompt((*history, Message("user", "\n\n".join(filter(None, parts)))), prefill)


def _recent(conversation: tuple[Message, ...]) -> tuple[Message, ...]:
    """The beginning with the task, and the last attempts with what was said between them."""
    kept = 2 * _ANCESTORS_SHOWN - 1
    return (
        conversation
        if len(conversation) <= 2 + kept
        else (
            *conversation[:2],
            *conversation[-kept:],
        )
    )


def _docstring(code: str) -> str:
    """The lines of a function's docstring; empty if it has none, or none of its own."""
    (function,) = (n for n in ast.parse(code).body if isinstance(n, _FUNCTIONS))
    node = docstring_node(function)
    if node is None or node.end_lineno is None:
        return ""
    lines = code.split("\n")
    alone = not lines[node.lineno - 1][: node.col_offset].strip()
    alone = alone and not lines[node.end_lineno - 1].encode()[node.end_col_offset :].strip()
    text = "".join(f"{line}\n" for line in lines[node.lineno - 1 : node.end_lineno])
    return text if alone else ""


def first_statements(code: str, share: float) -> str:
    """The lines of a function's body up to a share of its statements, without the docstring.

    Statements are counted at all depths, so that the cut may lie within a loop.
    """
    (function,) = (n for n in ast.parse(code).body if isinstance(n, _FUNCTIONS))
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)][1:]
    if ast.get_docstring(function, clean=False) is not None:
        statements.remove(function.body[0])
    starts = sorted({statement.lineno for statement in statements})
    kept = starts[: round(share * len(starts))]
    if not kept:
        return ""
    end = starts[len(kept)] if len(kept) < len(starts) else kept[-1]
    return "".join(f"{line}\n" for line in code.split("\n")[starts[0] - 1 : end - 1])


def describe(evaluation: Evaluation) -> str:
    """What happened when a candidate ran, in words."""
    total = len(evaluation.tests)
    match evaluation.verdict:
        case Verdict.BROKEN:
            return f"It could not be run: {evaluation.reason}"
        case Verdict.FAILED_TESTS:
            return _failures("It fails tests", evaluation.tests)
        case Verdict.DISAGREES:
            detail = evaluation.evidence.first_disagreement if evaluation.evidence else ""
            passes = f"All {total} tests pass, but it" if total else "It"
            return (
                f"{passes} does not always do what the original does: {detail or evaluation.reason}"
            )
    text = f"All {total} tests pass" if total else "It does what the original does"
    if speedup := evaluation.speedup:
        if speedup.claimed:
            return f"{text}; it is {speedup.median:.3g} times as fast as the original."
        if speedup.high < 1:
            return f"{text}, but it is slower: {speedup.median:.2f} times the original's speed."
        return f"{text}, but it is not faster than the original."
    return f"{text}."


def _verdict(evaluation: Evaluation | None) -> str:
    """What ran, as the beginning of a sentence that gives the reason."""
    if evaluation is None:
        return "This version"
    match evaluation.verdict:
        case Verdict.BROKEN:
            return "It does not run because it"
        case Verdict.FAILED_TESTS:
            return f"It fails {len(evaluation.tests) - evaluation.passed} tests because it"
        case Verdict.DISAGREES:
            return "It passes the tests but differs from the original because it"
    if evaluation.speedup is None:
        return "It passes all tests because it"
    if evaluation.speedup.claimed:
        return f"It is {evaluation.speedup.median:.3g} times as fast because it"
    return "It passes all tests but is not faster because it"


def _failures(lead: str, tests: Sequence[TestResult]) -> str:
    failed = [test for test in tests if not test.passed]
    lines = [f"{lead} ({len(tests) - len(failed)} of {len(tests)} pass):"]
    for test in failed[:_MESSAGES_SHOWN]:
        message = " ".join(test.message.split()) or test.outcome.value
        lines.append(f"- {test.id.rpartition('::')[2]}: {message[:300]}")
    if (more := len(failed) - _MESSAGES_SHOWN) > 0:
        lines.append(f"- and {more} more")
    return "\n".join(lines)


def _block(code: str) -> str:
    return f"```python\n{code.strip()}\n```"


def _section(title: str, texts: Iterable[str]) -> str:
    text = "\n\n".join(filter(None, texts))
    return f"{title}:\n{_block(text)}" if text else ""


def _listing(title: str, items: Iterable[str]) -> str:
    lines = [f"- {item}" for item in items]
    return "\n".join([f"{title}:", *lines]) if lines else ""


def _located(piece: Piece) -> str:
    return f"# {piece.where}\n{piece.text}"


def _hot(line: HotLine) -> str:
    return f"{line.share:.0%} in `{line.text}`, run {count(line.runs, 'time')}"
