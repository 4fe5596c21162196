"""What llama.cpp can do at most: its bare C API, no sampling, nothing of our engine.

The same as llama.cpp's ``llama-batched-bench -pps -kvu``: one prompt is read once and shared by all
sequences, then each step decodes one token of each. A child process; see ``channel`` for its
commands.
"""

from __future__ import annotations

import ctypes
import random
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import llama_cpp as lib

from orps_lsp.bench.engine.channel import Json, serve

_MICROBATCH = 512  # llama.cpp's default


class _Token(NamedTuple):
    id: int
    position: int
    sequence: int
    logits: bool


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _ignore(_level: int, _text: bytes, _data: Any) -> None:
    """What goes wrong is told by return values."""


class Limit:
    """A model and one context."""

    def load(self, model: str, threads: int, context: int, sequences: int, gpu_layers: int) -> Json:
        lib.llama_log_set(_ignore, ctypes.c_void_p(0))
        lib.llama_backend_init()
        model_params = lib.llama_model_default_params()
        model_params.n_gpu_layers = gpu_layers
        handle = lib.llama_model_load_from_file(model.encode(), model_params)
        if not handle:
            raise RuntimeError(f"llama.cpp could not load {model}")
        params = lib.llama_context_default_params()
        params.n_ctx = context
        params.n_batch = context
        params.n_ubatch = min(_MICROBATCH, context)
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        params.no_perf = True
        self._context = lib.llama_init_from_model(handle, params)
        if not self._context:
            raise RuntimeError(f"no memory for a context of {context} tokens")
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(context, 0, 1)
        self._vocabulary = int(lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(handle)))
        self._random = random.Random(0)
        return {}

    def prompt(self, tokens: int) -> Json:
        """Seconds to read a prompt."""
        lib.llama_memory_clear(self._memory, False)
        return {"seconds": self._read(tokens)}

    def decode(self, prompt: int, sequences: int, steps: int) -> Json:
        """Seconds of ``steps`` steps of one token for each sequence, after a shared prompt."""
        lib.llama_memory_clear(self._memory, False)
        self._read(prompt)
        for sequence in range(1, sequences):
            lib.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
        started = time.perf_counter()
        for position in range(prompt, prompt + steps):
            self._decode([_Token(self._any(), position, n, True) for n in range(sequences)])
        return {"seconds": time.perf_counter() - started}

    def _read(self, tokens: int) -> float:
        batch = [_Token(self._any(), n, 0, n + 1 == tokens) for n in range(tokens)]
        started = time.perf_counter()
        self._decode(batch)
        return time.perf_counter() - started

    def _any(self) -> int:
        """Which token it is changes nothing about the work."""
        return self._random.randrange(self._vocabulary)

    def _decode(self, tokens: Sequence[_Token]) -> None:
        batch = self._batch
        for index, token in enumerate(tokens):
            batch.token[index] = token.id
            batch.pos[index] = token.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = token.sequence
            batch.logits[index] = token.logits
        batch.n_tokens = len(tokens)
        if status := lib.llama_decode(self._context, batch):
            raise RuntimeError(f"llama_decode returned {status}")
        lib.llama_synchronize(self._context)


if __name__ == "__main__":
    limit = Limit()
    serve({"load": limit.load, "prompt": limit.prompt, "decode": limit.decode})
