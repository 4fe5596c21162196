"""What a user of llama-cpp-python writes first: ``Llama``, one completion after another.

Its defaults are left alone but for the threads, the GPU layers and the size of the context, which
are ours. That includes the reuse of the prefix that a prompt has in common with the one before. A
child process; see ``channel`` for its commands.

Equal lengths: ``Llama`` has no ``ignore_eos``, and a ``logit_bias`` goes through numpy for the
whole vocabulary at each token, which takes long. So the one predicate that ends a completion is
answered with no; nothing else about the library is changed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import llama_cpp
from llama_cpp import Llama, llama_chat_format
from llama_cpp import llama_cpp as lib

from orps_lsp.bench.engine.channel import Json, serve
from orps_lsp.bench.engine.texts import Quote, filled


class Naive:
    """One ``Llama`` object."""

    def load(self, model: str, threads: int, context: int, gpu_layers: int) -> Json:
        self._llama = Llama(
            model,
            n_ctx=context,
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=gpu_layers,
            verbose=False,
        )
        metadata = self._llama.metadata
        vocabulary = self._llama._model
        self._format = llama_chat_format.Jinja2ChatFormatter(
            template=metadata.get(
                "tokenizer.chat_template", llama_chat_format.CHATML_CHAT_TEMPLATE
            ),
            bos_token=vocabulary.token_get_text(max(self._llama.token_bos(), 0)),
            eos_token=vocabulary.token_get_text(max(self._llama.token_eos(), 0)),
        )
        lib.llama_vocab_is_eog = lambda *_: False
        return {"llama_cpp": llama_cpp.__version__}

    def complete(self, request: Json) -> Json:
        """Seconds of one completion, reading of the prompt included."""
        started = time.perf_counter()
        answer = self._complete(request)
        return {
            "seconds": time.perf_counter() - started,
            "generated": answer["usage"]["completion_tokens"],
            "text": answer["choices"][0]["text"],
        }

    def replay(self, requests: list[Json]) -> Json:
        """Seconds of all requests of a trace, one after another, from an empty cache.

        The texts of their prompts come in parts; what they quote is what was written here. Returns
        what was written too, by the completions alone, in their order.
        """
        self._llama.reset()
        generated = 0
        answers: dict[int, str] = {}
        started = time.perf_counter()
        for number, traced in enumerate(requests):
            request = {**traced, "prompt": _prompt(traced["prompt"], answers)}
            if "options" in request:
                self._choose(request)
            else:
                answer = self._complete(request)
                answers[number] = answer["choices"][0]["text"]
                generated += answer["usage"]["completion_tokens"]
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "generated": generated, "texts": list(answers.values())}

    def _complete(self, request: Json) -> Json:
        sampling = request["sampling"]
        answer: Any = self._llama.create_completion(
            self._tokens(request["prompt"]),
            max_tokens=sampling["max_tokens"],
            temperature=sampling["temperature"],
            top_p=sampling["top_p"],
            min_p=sampling["min_p"],
            repeat_penalty=sampling["repeat_penalty"],
            seed=sampling["seed"] & 0xFFFFFFFF,
        )
        return dict(answer)

    def _choose(self, request: Json) -> None:
        """Read the logits of the options after the prompt: the cheapest way that ``Llama`` has."""
        tokens = self._tokens(request["prompt"])
        next(self._llama.generate(tokens, temp=0.0))
        row: Any = lib.llama_get_logits_ith(self._llama.ctx, -1)
        for option in request["options"]:
            float(row[self._llama.tokenize(option.encode(), add_bos=False)[0]])

    def _tokens(self, prompt: Json) -> list[int]:
        rendered = self._format(messages=prompt["messages"])
        tokens: list[int] = self._llama.tokenize(
            (rendered.prompt + prompt["prefill"]).encode(),
            add_bos=not rendered.added_special,
            special=True,
        )
        return tokens


def _prompt(prompt: Json, answers: Mapping[int, str]) -> Json:
    def text(parts: list[str | Json]) -> str:
        return filled((p if isinstance(p, str) else Quote(**p) for p in parts), answers)

    messages = [{**m, "content": text(m["content"])} for m in prompt["messages"]]
    return {"messages": messages, "prefill": text(prompt["prefill"])}


if __name__ == "__main__":
    naive = Naive()
    serve({"load": naive.load, "complete": naive.complete, "replay": naive.replay})
