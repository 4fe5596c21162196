"""How a prompt's prefill reaches a server, and where the model's continuation of it begins.

The chat API has no field for the first words of an answer. Most servers continue a last message of
the assistant, some only on request, and some send it back first. Others answer it with a message of
their own; those are told in words how to begin, and what they say of the prefill is taken off.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from orps_lsp.llm.protocol import Message, Prompt

_FENCE = "```"
_INDENTS = ("  ", "\t")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\r?\n)+")
# Alone on its line, with at most a language.
_OPENING = re.compile(r"^[ \t]*```[ \t]*[\w+-]*[ \t]*\n", re.MULTILINE)

# The prefill ends within a number, after three digits because some tokenizers count from the left:
# a model of 0.1B writes the next digit, and nobody begins a message of his own with it.
PROBE = Prompt(
    (Message("user", "Count from 1001 to 1020."),), "My list: 1001, 1002, 1003, 1004, 1005, 100"
)
_NEXT_DIGIT = re.compile(r"6(?!\d)")


class Mode(Enum):
    """How the prefill is sent."""

    # vLLM needs the flags, llama-server sends the prefill back without them, Ollama and LM Studio
    # do not know them.
    FLAGS = "a last message of the assistant, and flags to continue it"
    MESSAGE = "a last message of the assistant"
    WORDS = "an instruction in the user's message"


def continued(answer: str) -> bool:
    """Whether ``answer`` to the probe goes on where the prefill ended."""
    return _NEXT_DIGIT.match(answer.removeprefix(PROBE.prefill)) is not None


def echoed(answer: str) -> bool:
    """Whether ``answer`` to the probe has the prefill in it."""
    return answer.startswith(PROBE.prefill)


def request(prompt: Prompt, mode: Mode) -> dict[str, Any]:
    """The fields of a request that hold the conversation."""
    if not prompt.prefill:
        return {"messages": _plain(prompt.messages)}
    if mode is Mode.WORDS:
        words = f"Begin your answer with exactly this text:\n{prompt.prefill}"
        return {"messages": _plain(_told(prompt.messages, words))}
    messages = [*_plain(prompt.messages), {"role": "assistant", "content": prompt.prefill}]
    if mode is Mode.MESSAGE:
        return {"messages": messages}
    return {
        "messages": messages,
        "add_generation_prompt": False,
        "continue_final_message": True,
    }


def told_to_choose(prompt: Prompt, options: list[str]) -> Prompt:
    """For servers that do not continue: ask in words for one of ``options`` after the prefill."""
    if not prompt.prefill:
        return prompt
    words = (
        f"Your answer so far:\n{prompt.prefill}\n\nWhat comes next? Reply with exactly one of "
        f"these and nothing else: {', '.join(option.strip() for option in options)}"
    )
    return Prompt(_told(prompt.messages, words))


def _told(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    """``messages`` with ``words`` at the end of what the user says last."""
    if messages and messages[-1].role == "user":
        last = Message("user", f"{messages[-1].content}\n\n{words}")
        return (*messages[:-1], last)
    return (*messages, Message("user", words))


def _plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def without_echo(answer: str, prefill: str) -> tuple[str, bool]:
    """``answer`` without the prefill that a server sends back first; False: there is more to come.

    What does not begin with the prefill is the continuation itself.
    """
    if answer.startswith(prefill):
        return answer[len(prefill) :], True
    return ("", False) if prefill.startswith(answer) else (answer, True)


def continuation(answer: str, prefill: str) -> tuple[str, bool]:
    """What of an ``answer`` that was told how to begin comes after ``prefill``.

    While more of the answer may still change that, the second value is False: stop strings do not
    count yet, because a code fence that opens the answer is not one that ends it. An answer that
    begins in its own way is returned as it is, but without its opening fence where the prefill had
    one.
    """
    own = _BLANK_LINES.sub("", answer)
    body = own.lstrip()
    found = _after(body, prefill)
    if found is not None or not prefill.startswith(_FENCE) or own.startswith(_INDENTS):
        return found or (own, True)  # indented: the code alone, without a fence
    code = prefill.partition("\n")[2]
    first_line = code.partition("\n")[0]
    if first_line.strip() and body.startswith(first_line):
        return _after(body, code) or (body, True)  # the code without a fence
    opening = _OPENING.search(body)
    if opening is None:
        return own, False
    rest = body[opening.end() :]
    return _after(rest, code) or (rest, True)


def _after(text: str, prefill: str) -> tuple[str, bool] | None:
    """What follows ``prefill`` in ``text``; None where ``text`` does not begin with it."""
    head = prefill.strip()
    if len(text) < len(head):
        return ("", False) if head.startswith(text) else None
    if not text.startswith(head):
        return None
    rest = text[len(head) :]
    # The white space at the prefill's end belongs to it, as far as the answer has it.
    for character in prefill[len(prefill.rstrip()) :]:
        if not rest:
            return "", False
        if not rest.startswith(character):
            break
        rest = rest[1:]
    return rest, True
