"""Continuous batching: many requests, one context, every prompt prefix computed once.

Each step decodes one batch: a token of every sequence that is generating, and a chunk of the
prompts that are being read. A new request copies the longest prefix that any other sequence holds
(``llama_memory_seq_cp`` shares cells, it does not compute); where a running prompt is about to hold
a longer one, it waits for it. Finished prompts stay in the cache until their room is needed.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

from orps_lsp.llm.llama_cpp.native import Context, Model, Sampler, Step
from orps_lsp.llm.protocol import Choice, Completion, FinishReason, PromptTooLong, Sampling, Usage

CHUNK = 128  # prompt tokens a step: large enough to be efficient, small enough to cancel soon
CHUNK_WHILE_DECODING = 64
_RETAINED = 8  # finished prompts kept for the next request with the same beginning


@dataclass(slots=True)
class Request:
    """A completion (``sampling`` set) or a choice among tokens (``options`` set)."""

    id: int
    prompt: list[int]
    done: Callable[[Completion | Choice], None]
    failed: Callable[[Exception], None]
    sampling: Sampling | None = None
    options: tuple[int, ...] = ()

    @property
    def room(self) -> int:
        """Cells that generation may need beyond the prompt."""
        return self.sampling.max_tokens if self.sampling else 0


class _Phase(Enum):
    READING = auto()
    GENERATING = auto()


@dataclass(slots=True)
class _Sequence:
    """A request that holds a sequence id of the context."""

    request: Request
    id: int
    computed: int  # positions in the cache
    reused: int
    sampler: Sampler | None
    phase: _Phase = _Phase.READING
    next_token: int = -1
    generated: int = 0
    text: bytearray = field(default_factory=bytearray)

    @property
    def usage(self) -> Usage:
        return Usage(len(self.request.prompt), self.reused, self.generated)


class Batcher:
    """Owns the context. Single-threaded: ``submit``, ``cancel`` and ``step`` from one thread."""

    def __init__(self, model: Model, context: Context, sequences: int) -> None:
        self._model = model
        self._context = context
        self._free = deque(range(sequences))
        self._queue: deque[Request] = deque()
        self._active: dict[int, _Sequence] = {}  # by request id
        self._retained: OrderedDict[int, list[int]] = OrderedDict()  # sequence id -> prompt tokens
        self._retain_most = min(_RETAINED, sequences - 1)
        self._pieces: dict[int, bytes] = {}

    @property
    def busy(self) -> bool:
        return bool(self._queue or self._active)

    def submit(self, request: Request) -> None:
        """Queue a request; it fails at once if it can never fit."""
        if len(request.prompt) + request.room > self._context.size:
            request.failed(
                PromptTooLong(
                    f"The prompt has {len(request.prompt)} tokens and asks for {request.room} "
                    f"more; the context holds {self._context.size}.",
                    "Raise the `context` setting.",
                )
            )
            return
        self._queue.append(request)

    def cancel(self, request_id: int) -> None:
        """Forget a request, wherever it is; nothing is reported for it any more."""
        sequence = self._active.pop(request_id, None)
        if sequence:
            self._release(sequence)
        else:
            self._queue = deque(r for r in self._queue if r.id != request_id)

    def step(self) -> None:
        """Admit what fits, decode one batch, and report what is finished."""
        self._admit()
        if not self._active:
            return
        steps, wanted = self._compose()
        while not self._context.decode(steps):
            if not self._evict():
                self._fail_all()
                return
        for sequence, index in wanted:
            self._advance(sequence, index)

    # -- admission

    def _admit(self) -> None:
        waiting: deque[Request] = deque()
        while self._queue:
            request = self._queue.popleft()
            if not self._start(request):
                waiting.append(request)
        self._queue = waiting

    def _start(self, request: Request) -> bool:
        donor, length, soon = self._longest_prefix(request.prompt)
        if soon > length:
            return False
        while not self._free or not self._fits(request):
            if self._evict(keep=donor):
                continue
            if self._active:
                return False
            # Nothing runs, so the only thing left to make room is the donor itself.
            self._evict()
            donor, length = -1, 0
        sequence_id = self._free.popleft()
        if length:
            self._context.share(donor, sequence_id, length)
        sampler = Sampler(request.sampling) if request.sampling else None
        self._active[request.id] = _Sequence(request, sequence_id, length, length, sampler)
        if donor in self._retained:
            self._retained.move_to_end(donor)
        return True

    def _longest_prefix(self, prompt: Sequence[int]) -> tuple[int, int, int]:
        """Sequence id and length of the best computed prefix, and the best one under way.

        The last prompt token is always computed anew: its logits are what generation starts from.
        """
        donor, best, soon = -1, 0, 0
        limit = len(prompt) - 1
        for sequence in self._active.values():
            common = _common(sequence.request.prompt, prompt, limit)
            soon = max(soon, common)
            if min(common, sequence.computed) > best:
                donor, best = sequence.id, min(common, sequence.computed)
        for sequence_id, tokens in self._retained.items():
            common = _common(tokens, prompt, limit)
            if common > best:
                donor, best = sequence_id, common
        return donor, best, soon

    def _fits(self, request: Request) -> bool:
        """Whether prompts (shared prefixes counted once) and generation fit into the cache."""
        active = [sequence.request for sequence in self._active.values()]
        prompts = [r.prompt for r in active] + [request.prompt, *self._retained.values()]
        room = sum(r.room for r in active) + request.room
        return _distinct(prompts) + room <= self._context.size

    def _evict(self, keep: int = -1) -> bool:
        """Drop the least recently used finished prompt."""
        for sequence_id in self._retained:
            if sequence_id != keep:
                del self._retained[sequence_id]
                self._context.forget(sequence_id)
                self._free.append(sequence_id)
                return True
        return False

    # -- one batch

    def _compose(self) -> tuple[list[Step], list[tuple[_Sequence, int]]]:
        steps: list[Step] = []
        wanted: list[tuple[_Sequence, int]] = []
        for sequence in self._active.values():
            if sequence.phase is _Phase.GENERATING:
                wanted.append((sequence, len(steps)))
                steps.append(Step(sequence.next_token, sequence.computed, sequence.id, True))
                sequence.computed += 1
        room = CHUNK_WHILE_DECODING if steps else CHUNK
        for sequence in self._active.values():
            if sequence.phase is not _Phase.READING or room <= 0:
                continue
            prompt = sequence.request.prompt
            end = min(sequence.computed + room, len(prompt))
            for position in range(sequence.computed, end):
                steps.append(
                    Step(prompt[position], position, sequence.id, position + 1 == len(prompt))
                )
            room -= end - sequence.computed
            sequence.computed = end
            if end == len(prompt):
                wanted.append((sequence, len(steps) - 1))
        return steps, wanted

    def _advance(self, sequence: _Sequence, index: int) -> None:
        """Take the logits of a step: draw the next token, or answer a choice."""
        if sequence.sampler is None:
            logits = self._context.logits(index, sequence.request.options)
            self._finish(sequence, Choice(_softmax(logits), sequence.usage))
            return
        sequence.phase = _Phase.GENERATING
        token = self._context.sample(sequence.sampler, index)
        sequence.next_token = token
        sequence.generated += 1
        if self._model.ends_turn(token):
            self._complete(sequence, FinishReason.STOP)
            return
        before = len(sequence.text)
        sequence.text += self._piece(token)
        sampling = sequence.request.sampling
        assert sampling is not None
        stop = _find_stop(sequence.text, before, sampling.stop)
        if stop >= 0:
            del sequence.text[stop:]
            self._complete(sequence, FinishReason.STOP)
        elif sequence.generated >= sampling.max_tokens:
            self._complete(sequence, FinishReason.LENGTH)

    def _complete(self, sequence: _Sequence, finish: FinishReason) -> None:
        text = sequence.text.decode("utf-8", errors="replace")
        self._finish(sequence, Completion(text, finish, sequence.usage))

    def _finish(self, sequence: _Sequence, result: Completion | Choice) -> None:
        del self._active[sequence.request.id]
        self._release(sequence)
        sequence.request.done(result)

    def _fail_all(self) -> None:
        """The cache refused a batch that admission had found room for: give up what runs."""
        for sequence in list(self._active.values()):
            sequence.computed = 0
            del self._active[sequence.request.id]
            self._release(sequence)
            sequence.request.failed(
                PromptTooLong("The key-value cache is full.", "Raise the `context` setting.")
            )

    def _release(self, sequence: _Sequence) -> None:
        """Free the sequence, but keep what it holds of its prompt for requests that begin alike."""
        if sequence.sampler:
            sequence.sampler.close()
        held = sequence.request.prompt[: sequence.computed]
        others = self._retained.values()
        if not held or any(_common(tokens, held, len(held)) == len(held) for tokens in others):
            self._context.forget(sequence.id)
            self._free.append(sequence.id)
            return
        self._context.forget(sequence.id, len(held))
        self._retained[sequence.id] = held
        if len(self._retained) > self._retain_most:
            self._evict()

    def _piece(self, token: int) -> bytes:
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._model.piece(token)
        return piece


def _common(a: Sequence[int], b: Sequence[int], limit: int) -> int:
    """Length of the common prefix, at most ``limit``."""
    limit = min(limit, len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    return next(i for i in range(limit) if a[i] != b[i])


def _distinct(prompts: Iterable[list[int]]) -> int:
    """Number of nodes in the prefix tree of ``prompts``."""
    ordered = sorted(prompts)
    shared = sum(_common(a, b, len(b)) for a, b in pairwise(ordered))
    return sum(map(len, ordered)) - shared


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
