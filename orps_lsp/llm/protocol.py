"""What a search asks of a language model, whatever runs it.

An engine takes many requests at once and decides itself how to batch them: callers start one
coroutine per completion and await them together. Cancelling such a coroutine cancels the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from orps_lsp.errors import OrpsError


class EngineError(OrpsError):
    """The engine could not do what was asked."""


class ModelLoadError(EngineError):
    """The model file is missing, broken, or does not fit into memory."""


class EngineCrashed(EngineError):
    """The engine's process died; requests in flight are lost, the next one starts a new process."""


class EndpointError(EngineError):
    """A remote engine cannot be reached, refuses, breaks off, or answers what makes no sense."""


class PromptTooLong(EngineError):
    """The prompt and the tokens to generate do not fit into the model's context."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation and the first words of the answer.

    ``prefill`` is put behind the assistant's header, so that the model continues it. Engines share
    the work of common prefixes: put what requests have in common first.
    """

    messages: tuple[Message, ...]
    prefill: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one completion is drawn. The same seed on the same engine gives the same text.

    ``temperature`` 0 is greedy. ``repeat_penalty`` divides the logits of the last 64 tokens of the
    answer, 1: off. ``grammar`` is GBNF with a rule ``root``. ``ignore_eos`` goes on to
    ``max_tokens`` whatever the model wants; benchmarks need equal lengths.
    """

    seed: int = 0
    temperature: float = 0.8
    top_p: float = 0.95
    min_p: float = 0.05
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    repeat_penalty: float = 1.0
    grammar: str = ""
    ignore_eos: bool = False


class FinishReason(str, Enum):
    """Why a completion ended."""

    STOP = "stop"  # a stop string, or the model's own end of turn
    LENGTH = "length"  # max_tokens


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request or the sum of many. ``prompt`` includes ``reused``."""

    prompt: int = 0
    reused: int = 0
    generated: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.reused + other.reused,
            self.generated + other.generated,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote after the prefill; a stop string that ended it is not part of it.

    ``seconds`` passed from its first generated token to its last.
    """

    text: str
    finish: FinishReason
    usage: Usage
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Probabilities of given continuations at one forced position; they sum to 1."""

    probabilities: tuple[float, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is loaded. ``context`` is the number of tokens that one request may use at most.

    ``threads`` is 0 where the engine runs elsewhere. ``alone``: a search has this engine's answers
    and nothing else, since they are written down.
    """

    model: str
    context: int
    parameters: int = 0
    threads: int = 0
    alone: bool = False


class Engine(Protocol):
    """A loaded, or lazily loaded, language model."""

    async def start(self) -> EngineInfo:
        """Load the model if it is not loaded yet.

        Raises:
            ModelLoadError: the file is missing, broken or too large.
            EndpointError: a remote engine cannot be reached.
        """
        ...

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Continue ``prompt``.

        Raises:
            PromptTooLong: it does not fit into the context.
            EngineCrashed: the process died under the request.
            EndpointError: a remote engine failed for good.
            EngineError: the grammar cannot be parsed.
        """
        ...

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        """Return how probable each of ``options`` is as the next words after the prefill.

        Raises:
            PromptTooLong, EngineCrashed, EndpointError: as ``complete``.
        """
        ...

    async def count_tokens(self, prompt: Prompt) -> int:
        """Return the length of ``prompt`` in tokens of this model."""
        ...

    def yielding(self) -> AbstractAsyncContextManager[None]:
        """Leave cores to something else that runs meanwhile: fewer threads, or a pause."""
        ...

    async def close(self) -> None:
        """End the engine and all that it owns. Safe to call twice."""
        ...
