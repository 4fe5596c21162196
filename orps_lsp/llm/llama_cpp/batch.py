"""Continuous batching: many requests, one context, every prompt prefix computed once.

Each step decodes one batch: a token of every sequence that is generating (and its draft, where
speculation pays), and a chunk of the prompts that are being read. A new request begins with the
longest prefix that the tree holds; where a running prompt is about to hold a longer one, it waits
for it. A request is admitted when there is room for all that it may need, so that what runs never
has to be given up.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from orps_lsp.llm.llama_cpp.context import Decoded, Step
from orps_lsp.llm.llama_cpp.speculation import NOTHING, Draft, Lookup, Speculation
from orps_lsp.llm.llama_cpp.tree import Cells, PrefixTree, common_prefix
from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineError,
    FinishReason,
    PromptTooLong,
    Sampling,
    Usage,
)

CHUNK = 256  # prompt tokens a step: larger ones are hardly faster
CHUNK_WHILE_DECODING = 64  # the same, where others wait for their next token
ACTIVE = 32  # sequences that run at the same time
# Cells kept for requests to come, at most: some searches' prompts. Attention passes over every cell
# in use, also over those of others: with 7,400 a step of sixteen sequences takes 14 % longer.
RETAINED = 4096
OUTPUTS = 64  # steps of a batch whose logits are wanted: sequences and their drafts


class Context(Cells, Protocol):
    """What is asked of :class:`orps_lsp.llm.llama_cpp.context.Context`."""

    size: int

    def decode(self, steps: Sequence[Step]) -> Decoded: ...

    def rows(self, count: int) -> Any: ...

    def interrupt(self) -> None: ...

    def clear_interrupt(self) -> None: ...


class Vocabulary(Protocol):
    """What is asked of :class:`orps_lsp.llm.llama_cpp.model.Model`."""

    def piece(self, token: int) -> bytes: ...

    def ends_turn(self, token: int) -> bool: ...


class Sampler(Protocol):
    """What is asked of :class:`orps_lsp.llm.llama_cpp.sampler.Sampler`."""

    def sample(self, row: Any) -> int: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Request:
    """A completion (``sampling`` set) or a choice among tokens (``options`` set).

    ``written`` hears the tokens of a completion before it is done, without that of the turn's end.
    The first ``constant`` tokens are read by themselves, so that they are the same numbers whether
    they come from this batch or from the disk.
    """

    id: int
    prompt: list[int]
    done: Callable[[Completion | Choice], None]
    failed: Callable[[Exception], None]
    sampling: Sampling | None = None
    options: tuple[int, ...] = ()
    constant: int = 0
    written: Callable[[list[int]], None] = lambda tokens: None

    @property
    def most(self) -> int:
        """Cells that it may need in all."""
        return len(self.prompt) + (self.sampling.max_tokens if self.sampling else 0)


@dataclass(slots=True)
class _Sequence:
    """A request that is active in the tree."""

    request: Request
    id: int
    computed: int  # positions in the cache; equal to ``reused`` at first
    reused: int
    sampler: Sampler | None
    generated: list[int] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)
    first_token_at: float = 0.0
    lookup: Lookup | None = None

    @property
    def reading(self) -> bool:
        return self.computed < len(self.request.prompt)

    @property
    def usage(self) -> Usage:
        return Usage(len(self.request.prompt), self.reused, len(self.generated))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one batch computes of one sequence; ``outputs`` rows of logits come of it."""

    sequence: _Sequence
    tokens: list[int]
    outputs: int
    match: int = 0  # of the draft that follows the first token


class Batcher:
    """Owns the tree. ``submit``, ``cancel`` and ``step`` belong to one thread."""

    def __init__(
        self,
        context: Context,
        vocabulary: Vocabulary,
        make_sampler: Callable[[Sampling], Sampler],
        *,
        sequences: int,
        longest: int,
    ) -> None:
        self.tree = PrefixTree(context, sequences)
        self._context = context
        self._vocabulary = vocabulary
        self._make_sampler = make_sampler
        self._longest = min(longest, context.size)
        self._most_active = min(ACTIVE, sequences)
        self.speculation: Speculation | None = None
        self._queue: deque[Request] = deque()
        self._active: dict[int, _Sequence] = {}  # by request id
        self._being_read: frozenset[int] = frozenset()

    @property
    def busy(self) -> bool:
        return bool(self._queue or self._active)

    def submit(self, request: Request) -> None:
        """Queue a request; it fails at once if it can never fit."""
        if request.most > self._longest:
            most = request.most - len(request.prompt)
            request.failed(
                PromptTooLong(
                    f"The prompt has {len(request.prompt)} tokens and asks for {most} more; "
                    f"the context holds {self._longest}.",
                    "Raise the `context` setting, or choose a model with a longer context.",
                )
            )
        else:
            self._queue.append(request)

    def cancel(self, request_id: int) -> None:
        """Forget a request, wherever it is; nothing is reported for it any more."""
        if sequence := self._active.get(request_id):
            self._end(sequence)
        else:
            self._queue = deque(r for r in self._queue if r.id != request_id)

    def interrupt_for(self, request_id: int) -> None:
        """Break off the running step if it reads this request's prompt. From any thread.

        A step without prompts is short, so that it is left to end by itself.
        """
        if request_id in self._being_read:
            self._context.interrupt()

    def step(self) -> None:
        """Admit what fits, decode one batch, and report what is finished."""
        self._admit()
        if not self._active:
            return
        parts = self._compose()
        match self._decode(parts):
            case Decoded.INTERRUPTED:
                return
            case Decoded.NO_ROOM:
                self._give_up()
                return
        outputs = sum(part.outputs for part in parts)
        rows = self._context.rows(outputs) if outputs else ()
        first = 0
        for part in parts:
            self._advance(part, rows[first : first + part.outputs])
            first += part.outputs

    # -- admission

    def _admit(self) -> None:
        waiting: deque[Request] = deque()
        while self._queue and len(self._active) < self._most_active:
            request = self._queue.popleft()
            matched, unpinned = self.tree.match(request.prompt[:-1])
            if self._soon(request) > matched:
                waiting.append(request)
            elif not self._fits(request.most - matched + unpinned):
                # Nobody overtakes it, else it might wait for ever.
                waiting.append(request)
                break
            else:
                # The last token of a prompt is computed in any case: what follows it is drawn from
                # its logits.
                self._start(request, request.prompt[:-1])
        self._queue.extendleft(reversed(waiting))

    def _soon(self, request: Request) -> int:
        """The longest prefix that the prompts that are being read will have computed."""
        limit = len(request.prompt) - 1
        return max(
            (
                min(limit, common_prefix(sequence.request.prompt, request.prompt))
                for sequence in self._active.values()
                if sequence.reading
            ),
            default=0,
        )

    def _fits(self, cells: int) -> bool:
        """Whether ``cells`` more can be pinned, when all that runs takes what it may."""
        outstanding = sum(s.request.most - s.computed for s in self._active.values())
        return self.tree.pinned + outstanding + cells <= self._context.size

    def _start(self, request: Request, known: Sequence[int]) -> _Sequence | None:
        """Begin a request with what the tree holds of ``known``, the beginning of its prompt."""
        try:
            sampler = self._make_sampler(request.sampling) if request.sampling else None
        except EngineError as error:
            request.failed(error)
            return None
        opened = self.tree.open(known)
        assert opened, "there are more ids than active sequences"
        sequence_id, reused = opened
        sequence = _Sequence(request, sequence_id, reused, reused, sampler)
        self._active[request.id] = sequence
        return sequence

    def _start_twins(self, read: _Sequence) -> list[_Sequence]:
        """Begin those that wait for the very prompt that has been read: its logits are theirs."""
        twins = []
        for request in list(self._queue):
            prompt = request.prompt
            if prompt != read.request.prompt:
                if self._soon(request) <= self.tree.match(prompt[:-1])[0]:
                    break  # it waits for room, and nobody overtakes it
                continue
            full = len(self._active) >= self._most_active
            if full or not self._fits(request.most - len(prompt)):
                break
            self._queue.remove(request)
            if twin := self._start(request, prompt):
                twins.append(twin)
        return twins

    # -- one batch

    def _compose(self) -> list[_Part]:
        generating = [s for s in self._active.values() if not s.reading]
        reading = [s for s in self._active.values() if s.reading]
        drafts = [NOTHING] * len(generating) if reading else self._drafts(generating)
        parts = [
            _Part(
                sequence,
                [sequence.generated[-1], *draft.tokens],
                1 + len(draft.tokens),
                draft.match,
            )
            for sequence, draft in zip(generating, drafts, strict=True)
        ]
        room = CHUNK_WHILE_DECODING if generating else CHUNK
        for sequence in reading:
            request, start = sequence.request, sequence.computed
            end = request.constant if start < request.constant else len(request.prompt)
            chunk = request.prompt[start : min(end, start + room)]
            if not chunk:
                break
            room -= len(chunk)
            parts.append(_Part(sequence, chunk, start + len(chunk) == len(request.prompt)))
        return parts

    def _drafts(self, sequences: Sequence[_Sequence]) -> list[Draft]:
        """A draft for each sequence, mostly empty ones."""
        speculation = self.speculation
        if speculation is None or not speculation.pays(len(sequences)):
            return [NOTHING] * len(sequences)
        drafts = []
        for sequence in sequences:
            if sequence.lookup is None:
                sequence.lookup = Lookup([*sequence.request.prompt, *sequence.generated])
            assert sequence.request.sampling
            left = sequence.request.sampling.max_tokens - len(sequence.generated)
            tokens, match = sequence.lookup.draft()
            drafts.append(Draft(tokens[: left - 1], match))
        room = min(OUTPUTS, self._context.size - self.tree.pinned) - len(sequences)
        lengths = speculation.lengths(drafts, max(0, room))
        return [
            Draft(draft.tokens[:length], draft.match)
            for draft, length in zip(drafts, lengths, strict=True)
        ]

    def _decode(self, parts: Sequence[_Part]) -> Decoded:
        steps = []
        for part in parts:
            sequence, first_output = part.sequence, len(part.tokens) - part.outputs
            for index, token in enumerate(part.tokens):
                position = sequence.computed + index
                steps.append(Step(token, position, sequence.id, index >= first_output))
        while self.tree.size + len(steps) > self._context.size:
            if not self.tree.evict():
                return Decoded.NO_ROOM
        # In this order: whatever is interrupted from here on is this step.
        self._context.clear_interrupt()
        self._being_read = frozenset(p.sequence.request.id for p in parts if p.sequence.reading)
        try:
            while (ended := self._context.decode(steps)) is Decoded.NO_ROOM:
                if not self.tree.evict():
                    break
        finally:
            self._being_read = frozenset()
        return ended

    def _advance(self, part: _Part, rows: Sequence[Any]) -> None:
        """Enter what was computed into the tree, and draw what follows."""
        sequence = part.sequence
        if sequence.reading:
            self._enter(sequence, part.tokens)
            for row in rows:
                for twin in self._start_twins(sequence):
                    self._begin(twin, row.copy())
                self._begin(sequence, row)
            return
        self._verify(sequence, part, rows)

    def _begin(self, sequence: _Sequence, row: Any) -> None:
        """Draw the first token after the prompt, or weigh the options that it has."""
        if sequence.sampler:
            sequence.first_token_at = time.monotonic()
            self._draw(sequence, sequence.sampler, row)
        else:
            options = [float(row[token]) for token in sequence.request.options]
            self._finish(sequence, Choice(_softmax(options), sequence.usage))

    def _verify(self, sequence: _Sequence, part: _Part, rows: Sequence[Any]) -> None:
        """Draw a token after each one of the part for as long as it is the next one of them."""
        assert sequence.sampler
        tokens = part.tokens
        begin = sequence.computed
        right = 0
        # What is drawn may end the sequence, which must hold by then what was computed of it.
        for index, row in enumerate(rows):
            self._enter(sequence, tokens[index : index + 1])
            alive = self._draw(sequence, sequence.sampler, row)
            if not alive or sequence.generated[-1:] != tokens[index + 1 : index + 2]:
                break
            right += 1
        if (draft := len(tokens) - 1) and self.speculation:
            self.speculation.learn(part.match, draft, right)
        if right < draft:
            self._context.forget(sequence.id, begin + right + 1, begin + len(tokens))

    def _enter(self, sequence: _Sequence, tokens: list[int]) -> None:
        self.tree.extend(sequence.id, tokens)
        sequence.computed += len(tokens)

    def _draw(self, sequence: _Sequence, sampler: Sampler, row: Any) -> bool:
        """Draw the next token; False if it was the last."""
        token = sampler.sample(row)
        sequence.generated.append(token)
        if self._vocabulary.ends_turn(token):
            return self._complete(sequence, FinishReason.STOP, sequence.generated[:-1])
        if sequence.lookup:
            sequence.lookup.extend([token])
        before = len(sequence.text)
        sequence.text += self._vocabulary.piece(token)
        sampling = sequence.request.sampling
        assert sampling is not None
        stop = _find_stop(sequence.text, before, sampling.stop)
        if stop >= 0:
            del sequence.text[stop:]
            return self._complete(sequence, FinishReason.STOP, sequence.generated)
        if len(sequence.generated) >= sampling.max_tokens:
            return self._complete(sequence, FinishReason.LENGTH, sequence.generated)
        return True

    def _complete(self, sequence: _Sequence, finish: FinishReason, written: list[int]) -> bool:
        sequence.request.written(written)
        text = sequence.text.decode("utf-8", errors="replace")
        seconds = time.monotonic() - sequence.first_token_at
        self._finish(sequence, Completion(text, finish, sequence.usage, seconds))
        return False

    def _finish(self, sequence: _Sequence, result: Completion | Choice) -> None:
        self._end(sequence)
        sequence.request.done(result)

    def _end(self, sequence: _Sequence) -> None:
        del self._active[sequence.request.id]
        self.tree.close(sequence.id)
        while self.tree.size - self.tree.pinned > RETAINED and self.tree.evict():
            pass
        if sequence.sampler:
            sequence.sampler.close()

    def _give_up(self) -> None:
        """The cache refused a batch that admission had found room for: fail what runs."""
        for sequence in list(self._active.values()):
            self._end(sequence)
            sequence.request.failed(
                PromptTooLong("The key-value cache is full.", "Raise the `context` setting.")
            )


def _softmax(logits: Sequence[float]) -> tuple[float, ...]:
    top = max(logits)
    weights = [math.exp(value - top) for value in logits]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def _find_stop(text: bytearray, before: int, stops: tuple[str, ...]) -> int:
    """Where the earliest stop string begins that ends in the newly added bytes, else -1."""
    found = -1
    for stop in stops:
        data = stop.encode()
        at = text.find(data, max(0, before - len(data) + 1))
        if at >= 0 and (found < 0 or at < found):
            found = at
    return found
