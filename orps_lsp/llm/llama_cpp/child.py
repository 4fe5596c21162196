"""The engine's process: reads requests as JSON lines, runs the batcher, writes results.

``python -m orps_lsp.llm.llama_cpp.child``. A native crash ends this process and nothing else. When
the parent goes away its end of the pipe closes, and this process ends with it.

Requests: ``load`` (first), ``complete``, ``choose``, ``count``, ``cancel``, ``yield``, ``resume``.
Answers carry the request's ``id``; ``ready`` answers ``load``, ``yielded`` answers ``yield``.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EngineError,
    Message,
    Prompt,
    Sampling,
)

_NICENESS = 5  # the editor goes first
_SEQUENCES = 64  # ids: running ones, and as many prefixes that are kept for later
_BATCH = 512
Json = dict[str, Any]


class _Channel:
    """The private pipes. Descriptors 0 and 1 are taken away from everything else at the start,

    because llama.cpp and what it loads print to, and redirect, the process's standard output.
    """

    def __init__(self) -> None:
        self._input: IO[bytes] = os.fdopen(os.dup(0), "rb")
        self._output: IO[bytes] = os.fdopen(os.dup(1), "wb")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        self.inbox: queue.SimpleQueue[Json] = queue.SimpleQueue()
        self.worker: _Worker | None = None

    def listen(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._input:
            message = json.loads(line)
            self.inbox.put(message)
            # The worker looks into its inbox between two steps; a step may be a long one.
            if message["op"] == "cancel" and self.worker:
                self.worker.interrupt_for(message["id"])
        os._exit(0)  # the parent is gone: nothing here is worth finishing

    def send(self, message: Json) -> None:
        try:
            self._output.write(json.dumps(message).encode() + b"\n")
            self._output.flush()
        except BrokenPipeError:
            os._exit(0)


class _Worker:
    """Turns messages into requests of the batcher, and results into messages."""

    def __init__(self, channel: _Channel, load: Json) -> None:
        # Imported here so that a failure to load the library is reported like one of the model.
        from orps_lsp.llm.llama_cpp import batch, context, model, sampler, speculation, warm

        self._request = batch.Request
        self._channel = channel
        self._threads: int = load["threads"]
        path = Path(load["model"])
        self._model = model.Model(path, load["gpu_layers"])
        self._context = context.Context(
            self._model,
            size=load["context"],
            sequences=_SEQUENCES,
            batch=_BATCH,
            outputs=batch.OUTPUTS,
            threads=self._threads,
            flash_attention=load["flash_attention"],
        )
        longest = min(self._context.size, self._model.trained_context)
        self._batcher = batch.Batcher(
            self._context,
            self._model,
            lambda sampling: sampler.Sampler(self._model, sampling),
            sequences=_SEQUENCES,
            longest=longest,
        )
        self._warm: warm.WarmStart | None = None
        if load["cache"]:
            choices = (load["gpu_layers"], load["flash_attention"], self._threads)
            folder = Path(load["cache"]) / warm.key(path, *choices)
            self._warm = warm.WarmStart(folder, self._context, self._batcher.tree)
            self._batcher.speculation = speculation.Speculation(self._warm.costs())
        self._paused = False
        channel.worker = self
        channel.send({"event": "ready", "context": longest, "parameters": self._model.parameters})

    def interrupt_for(self, request_id: int) -> None:
        self._batcher.interrupt_for(request_id)

    def run(self) -> None:
        while True:
            idle = self._paused or not self._batcher.busy
            with contextlib.suppress(queue.Empty):
                self._handle(self._channel.inbox.get(block=idle))
                while True:
                    self._handle(self._channel.inbox.get_nowait())
            if not self._paused:
                self._batcher.step()

    def _handle(self, message: Json) -> None:
        match message["op"]:
            case "complete" | "choose":
                self._submit(message)
            case "count":
                count = len(self._model.prompt_tokens(_prompt(message["prompt"])).tokens)
                self._channel.send({"id": message["id"], "event": "count", "count": count})
            case "cancel":
                self._batcher.cancel(message["id"])
            case "yield":
                self._leave(message["threads"])
                self._channel.send({"id": message["id"], "event": "yielded"})
            case "resume":
                self._leave(self._threads)

    def _leave(self, threads: int) -> None:
        """Go on with so many threads; 0 is a pause."""
        self._paused = threads == 0
        if threads:
            self._context.set_threads(threads)

    def _submit(self, message: Json) -> None:
        request_id: int = message["id"]
        prompt = _prompt(message["prompt"])
        tokens, constant = self._model.prompt_tokens(prompt)
        options: tuple[int, ...] = ()
        sampling = None
        if message["op"] == "complete":
            values = message["sampling"]
            sampling = Sampling(**{**values, "stop": tuple(values["stop"])})
        else:
            tokens, options = self._options(prompt, message["options"])
        beginning = tokens[:constant]

        def done(result: Completion | Choice) -> None:
            kind = "completion" if isinstance(result, Completion) else "choice"
            self._channel.send({"id": request_id, "event": kind, **asdict(result)})
            if self._warm and beginning:
                self._warm.keep(beginning)

        def failed(error: Exception) -> None:
            self._channel.send({"id": request_id, "event": "error", **_describe(error)})

        if self._warm and beginning:
            self._warm.restore(beginning)
        self._batcher.submit(
            self._request(
                request_id,
                tokens,
                done,
                failed,
                sampling,
                options,
                constant,
                lambda written: self._model.remember(prompt.prefill, written),
            )
        )

    def _options(self, prompt: Prompt, options: list[str]) -> tuple[list[int], tuple[int, ...]]:
        """Tokens up to where the options part, and the token of each option that comes next."""
        whole = [
            self._model.prompt_tokens(Prompt(prompt.messages, prompt.prefill + option)).tokens
            for option in options
        ]
        common = os.path.commonprefix(whole)
        return list(common), tuple(tokens[len(common)] for tokens in whole)


def _prompt(data: Json) -> Prompt:
    return Prompt(tuple(Message(**message) for message in data["messages"]), data["prefill"])


def _describe(error: Exception) -> Json:
    if isinstance(error, EngineError):
        return {"kind": type(error).__name__, "message": error.message, "advice": error.advice}
    return {"kind": "EngineError", "message": f"{type(error).__name__}: {error}", "advice": ""}


def main() -> None:
    """Serve one parent until it closes the pipe."""
    channel = _Channel()
    channel.listen()
    load = channel.inbox.get()
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)
    try:
        worker = _Worker(channel, load)
    except (EngineError, ImportError, OSError, RuntimeError) as error:
        channel.send({"event": "failed", **_describe(error)})
        sys.exit(1)
    worker.run()


if __name__ == "__main__":
    main()
