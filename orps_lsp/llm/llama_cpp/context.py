"""The key-value cache and its computation: the part of llama.cpp's C API that decodes batches."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

import llama_cpp as lib
import numpy as np
import psutil

from orps_lsp.llm.llama_cpp.model import Model
from orps_lsp.llm.protocol import ModelLoadError

_AUTOMATIC_CELLS = 16384
_LEAST_CELLS = 2048
_SPARED = 0.2  # of the free memory: the editor and the tests need some too
_LIBC = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


class Step(NamedTuple):
    """One token to decode: where it stands, for which sequence, and whether logits are wanted."""

    token: int
    position: int
    sequence: int
    logits: bool


class Decoded(Enum):
    """How a batch ended. Only after ``DONE`` has the cache changed."""

    DONE = auto()
    NO_ROOM = auto()
    INTERRUPTED = auto()


class Context:
    """Many sequences in one unified buffer of ``size`` cells; freed with the process.

    ``size`` 0: as much as suits the memory. At most ``outputs`` steps of a batch may want logits.

    Raises:
        ModelLoadError: there is not enough memory.
    """

    def __init__(
        self,
        model: Model,
        *,
        size: int,
        sequences: int,
        batch: int,
        outputs: int,
        threads: int,
        flash_attention: str = "auto",
    ) -> None:
        self.size = _affordable(model, size)
        self._width = model.vocabulary_size
        params = lib.llama_context_default_params()
        params.n_ctx = self.size
        params.n_batch = batch
        params.n_ubatch = batch
        params.n_seq_max = sequences
        # Room for logits is reserved for so many steps; the default, all, takes 300 MB.
        params.n_outputs_max = max(outputs, sequences)
        params.n_outputs_max_per_seq = 0
        params.n_threads = threads
        params.n_threads_batch = threads
        params.flash_attn_type = _FLASH_ATTENTION[flash_attention]
        params.kv_unified = True
        params.no_perf = True
        # llama.cpp asks this callback before every operation of a decode. A Python function would
        # need the interpreter's lock some hundred times a step; `strlen` of a buffer that holds
        # nothing or one character answers the same without it.
        self._flag = ctypes.create_string_buffer(2)
        params.abort_callback = ctypes.cast(_LIBC.strlen, lib.ggml_abort_callback)
        params.abort_callback_data = ctypes.cast(self._flag, ctypes.c_void_p)
        self.handle = lib.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise _too_large(self.size, "llama.cpp could not allocate it")
        self._memory = lib.llama_get_memory(self.handle)
        self._batch = lib.llama_batch_init(batch, 0, 1)

    def decode(self, steps: Sequence[Step]) -> Decoded:
        """Compute one batch.

        Raises:
            RuntimeError: llama.cpp failed in a way that leaves nothing to go on with.
        """
        batch = self._batch
        for index, step in enumerate(steps):
            batch.token[index] = step.token
            batch.pos[index] = step.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = step.sequence
            batch.logits[index] = step.logits
        batch.n_tokens = len(steps)
        status = lib.llama_decode(self.handle, batch)
        if status in _ENDS:
            return _ENDS[status]
        raise RuntimeError(f"llama_decode failed with status {status}")

    def rows(self, count: int) -> Any:
        """Logits of the last batch's ``count`` steps that wanted them: (count, vocabulary).

        A view of llama.cpp's own buffer, good until the next batch.
        """
        return np.ctypeslib.as_array(lib.llama_get_logits(self.handle), (count, self._width))

    def interrupt(self) -> None:
        """Let a running ``decode`` end without a result; may be called from any thread."""
        self._flag[0] = b"!"

    def clear_interrupt(self) -> None:
        self._flag[0] = b"\0"

    def share(self, source: int, target: int, start: int, end: int) -> None:
        """Let sequence ``target`` see the cells of ``source`` at positions [start, end)."""
        lib.llama_memory_seq_cp(self._memory, source, target, start, end)

    def forget(self, sequence: int, start: int, end: int) -> None:
        """Take the cells at positions [start, end) from ``sequence``; end -1: all that follow."""
        lib.llama_memory_seq_rm(self._memory, sequence, start, end)

    def set_threads(self, threads: int) -> None:
        lib.llama_set_n_threads(self.handle, threads, threads)

    def state(self, sequence: int) -> bytes:
        """All that the cache holds of a sequence."""
        buffer = (ctypes.c_uint8 * lib.llama_state_seq_get_size(self.handle, sequence))()
        size = lib.llama_state_seq_get_data(self.handle, buffer, len(buffer), sequence)
        return bytes(buffer[:size])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Fill an empty sequence with a ``state`` of the same model and build.

        A damaged state ends the process: whoever keeps one checks that it is whole.
        """
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(lib.llama_state_seq_set_data(self.handle, buffer, len(buffer), sequence))


_ENDS = {0: Decoded.DONE, 1: Decoded.NO_ROOM, 2: Decoded.INTERRUPTED}


def _affordable(model: Model, wanted: int) -> int:
    """Cells of the cache: what is wanted if the memory has room for it, else what it has room for.

    Asked beforehand because systems promise more memory than they have, and kill who uses it.
    """
    free = psutil.virtual_memory().available * (1 - _SPARED)
    most = int(free / model.bytes_per_cell)
    if wanted > most or most < _LEAST_CELLS:
        needed = (wanted or _LEAST_CELLS) * model.bytes_per_cell
        raise _too_large(
            wanted or _LEAST_CELLS,
            f"it takes {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB can be had",
        )
    return wanted or min(_AUTOMATIC_CELLS, most)


def _too_large(cells: int, why: str) -> ModelLoadError:
    return ModelLoadError(
        f"There is not enough memory for a context of {cells} tokens: {why}.",
        "Lower the `context` setting, choose a smaller model, or close other programs.",
    )
