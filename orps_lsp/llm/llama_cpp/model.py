"""Weights and vocabulary: the part of llama.cpp's C API that knows tokens and templates."""

from __future__ import annotations

import ctypes
import os
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import llama_cpp as lib

from orps_lsp.llm.protocol import Message, ModelLoadError, Prompt

_FALLBACK_TEMPLATE = b"chatml"
_REMEMBERED = 256  # answers; a search asks for some dozens


class PromptTokens(NamedTuple):
    """A rendered conversation. The first ``constant`` tokens end with the system message."""

    tokens: list[int]
    constant: int


class Model:
    """One GGUF file; freed with the process.

    ``gpu_layers`` -1: all that fit a GPU.

    Raises:
        ModelLoadError: the file is missing, broken, or of a kind whose cache cannot be shared.
    """

    def __init__(self, path: Path, gpu_layers: int = -1) -> None:
        _silence()
        lib.llama_backend_init()
        _check(path)
        params = lib.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        self.handle = lib.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            raise ModelLoadError(
                f"llama.cpp could not load {path}.",
                "The file may be truncated or of a newer format: pull it again.",
            )
        if lib.llama_model_is_recurrent(self.handle) or lib.llama_model_is_hybrid(self.handle):
            raise ModelLoadError(
                f"{path} is a recurrent model: it has no cache whose prefixes could be shared.",
                "Choose a transformer with the `model` setting.",
            )
        self.vocab = lib.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self.vocab))
        template = lib.llama_model_chat_template(self.handle, None)
        self._template: bytes = template or _FALLBACK_TEMPLATE
        self._pieces: dict[int, bytes] = {}
        self._written: OrderedDict[str, list[int]] = OrderedDict()

    @property
    def parameters(self) -> int:
        return int(lib.llama_model_n_params(self.handle))

    @property
    def trained_context(self) -> int:
        return int(lib.llama_model_n_ctx_train(self.handle))

    @property
    def bytes_per_cell(self) -> int:
        """Memory that one token takes in a key-value cache of 16-bit floats."""
        heads = int(lib.llama_model_n_head_kv(self.handle))
        width = int(lib.llama_model_n_embd(self.handle)) // int(lib.llama_model_n_head(self.handle))
        architecture = self._metadata("general.architecture")
        sizes = [self._metadata(f"{architecture}.attention.{kind}_length") for kind in _KINDS]
        values_per_layer = sum(heads * (int(size) if size else width) for size in sizes)
        return 2 * int(lib.llama_model_n_layer(self.handle)) * values_per_layer

    @cached_property
    def end_tokens(self) -> list[int]:
        """Every token that ends a turn."""
        return [token for token in range(self.vocabulary_size) if self.ends_turn(token)]

    def tokenize(self, text: str, *, special: bool, begin: bool = False) -> list[int]:
        """Split ``text`` into tokens; ``special``: it may name control tokens."""
        data = text.encode()
        room = len(data) + 8
        buffer = (lib.llama_token * room)()
        count = lib.llama_tokenize(self.vocab, data, len(data), buffer, room, begin, special)
        return list(buffer[:count])

    def prompt_tokens(self, prompt: Prompt) -> PromptTokens:
        """Tokens of a whole conversation, up to and with the prefill of the answer.

        Only the template itself may name control tokens: a user's source code that happens to
        contain "<|im_end|>" must not end the turn. So the template is applied to markers, and the
        contents are put in their place token by token.
        """
        # No NUL among them: it would end the string for llama.cpp.
        marks = [f"\x01{index}\x01" for index in range(len(prompt.messages))]
        rendered = self._render(
            [Message(m.role, mark) for m, mark in zip(prompt.messages, marks, strict=True)]
        )
        tokens: list[int] = []
        constant = 0
        for message, mark in zip(prompt.messages, marks, strict=True):
            frame, found, rendered = rendered.partition(mark)
            if not found:
                raise ModelLoadError("The model's chat template leaves a message out.")
            tokens += self.tokenize(frame, special=True, begin=not tokens)
            tokens += self._written.get(message.content) or self.tokenize(
                message.content, special=False
            )
            if message.role == "system":
                constant = len(tokens)
        tokens += self.tokenize(rendered, special=True)
        return PromptTokens(tokens + self.tokenize(prompt.prefill, special=False), constant)

    def remember(self, prefill: str, tokens: Sequence[int]) -> None:
        """Note which tokens an answer was written in.

        Where it comes back as a turn of a conversation it is given these tokens, which are in the
        cache. The same text can be tokens in many ways, and a model does not always write it as
        the tokenizer would.
        """
        text = b"".join(map(self.piece, tokens)).decode(errors="replace")
        self._written[prefill + text] = self.tokenize(prefill, special=False) + list(tokens)
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)

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
        if token not in self._pieces:
            self._pieces[token] = self._read_piece(token)
        return self._pieces[token]

    def _read_piece(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_token_to_piece(self.vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def ends_turn(self, token: int) -> bool:
        return bool(lib.llama_vocab_is_eog(self.vocab, token))

    def _metadata(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        length = lib.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode(errors="replace") if length >= 0 else ""


_KINDS = ("key", "value")


def _check(path: Path) -> None:
    if not path.is_file():
        raise ModelLoadError(
            f"The model file {path} does not exist.", "Run `orps-lsp models pull`."
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelLoadError(
                f"{path} is not a GGUF file.", "Choose another one with the `model` setting."
            )


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _ignore(_level: int, _text: bytes, _data: Any) -> None:
    """llama.cpp logs pages at load; what goes wrong is reported by return values."""


def _silence() -> None:
    # Looking for the reason of a failed load, people may want those pages.
    if not os.environ.get("ORPS_LLAMA_LOG"):
        lib.llama_log_set(_ignore, ctypes.c_void_p(0))
