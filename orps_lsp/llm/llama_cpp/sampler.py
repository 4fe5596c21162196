"""Draws tokens from logits: what must look at a whole vocabulary in numpy, the rest natively.

llama.cpp's own samplers begin by copying the vocabulary (150,000 tokens) into an array of
candidates: 0.27 ms a token, 2.6 % of a step of sixteen sequences. min-p alone leaves a handful, and
whether a logit survives it is one comparison with the row's maximum.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import llama_cpp as lib
import numpy as np

from orps_lsp.llm.llama_cpp.model import Model
from orps_lsp.llm.protocol import EngineError, Sampling

_TOP_K = 40
_PENALISED = 64  # the last tokens of the answer, as llama.cpp's penalty_last_n
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
Row = Any  # a writable numpy array of float32 logits, one for each token of the vocabulary


class Sampler:
    """Draws the tokens of one sequence; has its own seed and history.

    The order is: repeat penalty, grammar, min-p, top-k 40, top-p, temperature.

    Raises:
        EngineError: the grammar cannot be parsed.
    """

    def __init__(self, model: Model, sampling: Sampling) -> None:
        self._sampling = sampling
        self._banned = model.end_tokens if sampling.ignore_eos else []
        self._recent: list[int] = []
        self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if sampling.temperature > 0:
            for stage in (
                lib.llama_sampler_init_top_k(_TOP_K),
                lib.llama_sampler_init_top_p(sampling.top_p, 1),
                lib.llama_sampler_init_temp(sampling.temperature),
                lib.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFF),
            ):
                lib.llama_sampler_chain_add(self._chain, stage)
        self._grammar: Any = None
        if sampling.grammar:
            self._grammar = lib.llama_sampler_init_grammar(
                model.vocab, sampling.grammar.encode(), b"root"
            )
            if not self._grammar:
                self.close()
                raise EngineError("The grammar cannot be parsed.", "It must be GBNF, with a root.")

    def sample(self, row: Row) -> int:
        """Draw the next token; ``row`` is overwritten."""
        sampling = self._sampling
        if self._banned:
            row[self._banned] = -np.inf
        if sampling.repeat_penalty != 1 and self._recent:
            seen = np.unique(self._recent[-_PENALISED:])
            logits = row[seen]
            penalty = np.float32(sampling.repeat_penalty)
            row[seen] = np.where(logits > 0, logits / penalty, logits * penalty)
        token = self._draw(self._candidates(row))
        if self._grammar:
            lib.llama_sampler_accept(self._grammar, token)
        if sampling.repeat_penalty != 1:
            self._recent.append(token)
        return token

    def _candidates(self, row: Row) -> Any:
        """The tokens worth sorting, with their logits."""
        kept = self._cut(row)
        candidates = _array(kept, row[kept])
        if not self._grammar:
            return candidates
        # A grammar looks at every token's text. Nearly always a likely token fits it; only where
        # none does is the whole vocabulary asked.
        allowed = self._constrain(candidates)
        if not len(allowed):
            allowed = self._constrain(_array(np.arange(len(row), dtype=np.int32), row))
            allowed = allowed[self._cut(allowed["logit"])]
        return allowed

    def _cut(self, logits: Row) -> Any:
        """Indices of what min-p leaves; of the best one if greedy, of the best 40 without min-p."""
        if self._sampling.temperature <= 0:
            return np.array([logits.argmax()], dtype=np.int32)
        if self._sampling.min_p > 0:
            return np.flatnonzero(logits >= logits.max() + math.log(self._sampling.min_p))
        if len(logits) <= _TOP_K:
            return np.arange(len(logits))
        return np.argpartition(logits, -_TOP_K)[-_TOP_K:]

    def _constrain(self, candidates: Any) -> Any:
        lib.llama_sampler_apply(self._grammar, ctypes.byref(_native(candidates)))
        return candidates[np.isfinite(candidates["logit"])]

    def _draw(self, candidates: Any) -> int:
        if len(candidates) == 1 and self._sampling.temperature <= 0:
            return int(candidates["id"][0])
        native = _native(candidates)
        lib.llama_sampler_apply(self._chain, ctypes.byref(native))
        return int(native.data[native.selected].id)

    def close(self) -> None:
        """Free the native parts. Safe to call twice."""
        for native in (self._chain, self._grammar):
            if native:
                lib.llama_sampler_free(native)
        self._chain = self._grammar = None


def _array(ids: Any, logits: Any) -> Any:
    candidates = np.empty(len(ids), _CANDIDATE)
    candidates["id"], candidates["logit"], candidates["p"] = ids, logits, 0
    return candidates


def _native(candidates: Any) -> Any:
    """The array as llama.cpp's struct; it points into ``candidates``, which must outlive it."""
    pointer = ctypes.cast(candidates.ctypes.data, lib.llama_token_data_p)
    return lib.llama_token_data_array(pointer, len(candidates), -1, False)
