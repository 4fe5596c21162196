"""The part of llama.cpp's C API that the engine uses, as two small objects.

This is the only module that imports llama_cpp, and only the engine's child process imports it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import llama_cpp as lib

from orps_lsp.llm.protocol import Message, ModelLoadError, Prompt, Sampling

_TOP_K = 40  # keeps the later samplers from sorting a vocabulary of 150,000 for each token
_FALLBACK_TEMPLATE = b"chatml"


class Step(NamedTuple):
    """One token to decode: where it stands, for which sequence, and whether logits are wanted."""

    token: int
    position: int
    sequence: int
    logits: bool


class Model:
    """Weights and vocabulary of one GGUF file; freed with the process, as is the context."""

    def __init__(self, path: Path) -> None:
        _silence()
        lib.llama_backend_init()
        if not path.is_file():
            raise ModelLoadError(
                f"The model file {path} does not exist.", "Run `orps-lsp models pull`."
            )
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelLoadError(
                    f"{path} is not a GGUF file.", "Choose another one with the `model` setting."
                )
        params = lib.llama_model_default_params()
        self.handle = lib.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            raise ModelLoadError(
                f"llama.cpp could not load {path}.",
                "The file may be truncated or of a newer format: pull it again.",
            )
        self._vocab = lib.llama_model_get_vocab(self.handle)
        template = lib.llama_model_chat_template(self.handle, None)
        self._template: bytes = template or _FALLBACK_TEMPLATE

    @property
    def parameters(self) -> int:
        return int(lib.llama_model_n_params(self.handle))

    @property
    def trained_context(self) -> int:
        return int(lib.llama_model_n_ctx_train(self.handle))

    def tokenize(self, text: str, *, special: bool, begin: bool = False) -> list[int]:
        """Split ``text`` into tokens; ``special``: it may name control tokens."""
        data = text.encode()
        room = len(data) + 8
        buffer = (lib.llama_token * room)()
        count = lib.llama_tokenize(self._vocab, data, len(data), buffer, room, begin, special)
        return list(buffer[:count])

    def prompt_tokens(self, prompt: Prompt) -> list[int]:
        """Tokens of a whole conversation, up to and with the prefill of the answer.

        Only the template itself may name control tokens: a user's source code that happens to
        contain "<|im_end|>" must not end the turn. So the template is applied to markers, and the
        contents are put in their place token by token.
        """
        marks = [f"\x00{index}\x00" for index in range(len(prompt.messages))]
        rendered = self._render(
            [Message(m.role, mark) for m, mark in zip(prompt.messages, marks, strict=True)]
        )
        tokens: list[int] = []
        for message, mark in zip(prompt.messages, marks, strict=True):
            frame, _, rendered = rendered.partition(mark)
            tokens += self.tokenize(frame, special=True, begin=not tokens)
            tokens += self.tokenize(message.content, special=False)
        tokens += self.tokenize(rendered, special=True)
        return tokens + self.tokenize(prompt.prefill, special=False)

    def _render(self, messages: Sequence[Message]) -> str:
        chat = (lib.llama_chat_message * len(messages))()
        for slot, message in zip(chat, messages, strict=True):
            slot.role, slot.content = message.role.encode(), message.content.encode()
        size = 4096 + sum(len(message.content) for message in messages) * 4
        buffer = ctypes.create_string_buffer(size)
        for template in (self._template, _FALLBACK_TEMPLATE):
            length = lib.llama_chat_apply_template(
                template, chat, len(messages), True, buffer, size
            )
            if 0 < length <= size:
                return buffer.raw[:length].decode()
        raise ModelLoadError("The model's chat template cannot be applied.")

    def piece(self, token: int) -> bytes:
        """Bytes of one token; they need not be whole characters."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def ends_turn(self, token: int) -> bool:
        return bool(lib.llama_vocab_is_eog(self._vocab, token))


class Sampler:
    """A native sampler chain; one per sequence, so that each has its own seed and history."""

    def __init__(self, sampling: Sampling) -> None:
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if sampling.temperature <= 0:
            stages = [lib.llama_sampler_init_greedy()]
        else:
            stages = [
                lib.llama_sampler_init_top_k(_TOP_K),
                lib.llama_sampler_init_top_p(sampling.top_p, 1),
                lib.llama_sampler_init_min_p(sampling.min_p, 1),
                lib.llama_sampler_init_temp(sampling.temperature),
                lib.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFF),
            ]
        for stage in stages:
            lib.llama_sampler_chain_add(chain, stage)
        self.handle = chain

    def close(self) -> None:
        if self.handle:
            lib.llama_sampler_free(self.handle)
            self.handle = None


class Context:
    """The key-value cache of many sequences in one unified buffer of ``size`` cells."""

    def __init__(self, model: Model, size: int, sequences: int, batch: int, threads: int) -> None:
        params = lib.llama_context_default_params()
        params.n_ctx = size
        params.n_batch = batch
        params.n_ubatch = min(batch, 512)
        params.n_seq_max = sequences
        params.n_threads = threads
        params.n_threads_batch = threads
        params.kv_unified = True
        params.no_perf = True
        self._model = model
        self.handle = lib.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise ModelLoadError(
                f"There is not enough memory for a context of {size} tokens.",
                "Lower the `context` setting or choose a smaller model.",
            )
        self.size = size
        self._memory = lib.llama_get_memory(self.handle)
        self._batch = lib.llama_batch_init(batch, 0, 1)

    def decode(self, steps: Sequence[Step]) -> bool:
        """Compute one batch; False where the cache has no room for it."""
        batch = self._batch
        for index, step in enumerate(steps):
            batch.token[index] = step.token
            batch.pos[index] = step.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = step.sequence
            batch.logits[index] = step.logits
        batch.n_tokens = len(steps)
        status = lib.llama_decode(self.handle, batch)
        if status not in (0, 1):
            raise RuntimeError(f"llama_decode failed with status {status}")
        return bool(status == 0)

    def sample(self, sampler: Sampler, index: int) -> int:
        """Draw the next token from the logits of the batch's step ``index``."""
        return int(lib.llama_sampler_sample(sampler.handle, self.handle, index))

    def logits(self, index: int, tokens: Sequence[int]) -> list[float]:
        """Logits of ``tokens`` at the batch's step ``index``."""
        row: Any = lib.llama_get_logits_ith(self.handle, index)
        return [float(row[token]) for token in tokens]

    def share(self, source: int, target: int, length: int) -> None:
        """Let sequence ``target`` begin with the first ``length`` positions of ``source``."""
        lib.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def forget(self, sequence: int, start: int = 0) -> None:
        """Drop the positions of ``sequence`` from ``start`` on."""
        lib.llama_memory_seq_rm(self._memory, sequence, start, -1)


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _ignore(_level: int, _text: bytes, _data: Any) -> None:
    """llama.cpp logs pages at load; what goes wrong is reported by return values."""


def _silence() -> None:
    lib.llama_log_set(_ignore, ctypes.c_void_p(0))
