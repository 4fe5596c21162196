"""The JSON of the API: what a server lists, streams and says of probabilities. Trusts nothing."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orps_lsp.llm.protocol import FinishReason, Usage

_CONTEXT = 8192
_PARAMETERS = 7_000_000_000
_SIZE = re.compile(r"(?<![0-9.])(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])", re.IGNORECASE)
_LOWEST = -700.0  # of a logprob: e to the power of less is 0
_FAILED = ("error", "abort")  # reasons to finish that are none


@dataclass(frozen=True, slots=True)
class Model:
    """What a server says of a model: its name, tokens of context, number of parameters."""

    name: str
    context: int
    parameters: int


def model(listing: Any, wanted: str) -> Model:
    """Read the answer to GET /models; of several the ``wanted`` one, for "auto" the first.

    Context and size are read from llama-server's and vLLM's fields. Where a server does not say
    them, 8192 tokens are taken, and the size that the name tells, else 7e9: who sets up an
    endpoint has a model worth it.

    Raises:
        ValueError: it is no list of models; the message says what it is.
    """
    entries = listing.get("data") if isinstance(listing, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no list of models")
    known = [entry for entry in entries if isinstance(entry, dict) and _text(entry.get("id"))]
    if wanted == "auto":
        if not known:
            raise ValueError("an empty list of models")
        entry = known[0]
    else:
        # What is not listed may be known all the same, by an alias: the server decides.
        entry = next((entry for entry in known if entry["id"] == wanted), {"id": wanted})
    meta = entry["meta"] if isinstance(entry.get("meta"), dict) else {}
    contexts = (meta.get("n_ctx"), entry.get("max_model_len"), meta.get("n_ctx_train"))
    context = next(filter(None, map(_count, contexts)), _CONTEXT)
    parameters = _count(meta.get("n_params")) or size_of(entry["id"]) or _PARAMETERS
    return Model(entry["id"], context, parameters)


def size_of(name: str) -> int:
    """The number of parameters that a model's name tells, "0.5B" as 5e8; 0 if none."""
    found = _SIZE.search(name.rpartition("/")[2])
    if not found:
        return 0
    return round(float(found[1]) * (1e9 if found[2] in "bB" else 1e6))


class Answer:
    """One answer, put together from the parts of a stream or read in one piece.

    ``cut`` maps the text so far to what of it is wanted and whether that is all.
    """

    def __init__(
        self,
        prompt_tokens: int,
        cut: Callable[[str], tuple[str, bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._estimate = prompt_tokens
        self._cut = cut
        self._clock = clock
        self._raw = ""
        self._parts = 0
        self._usage: Usage | None = None
        self._times: tuple[float, float] | None = None
        self.text = ""
        self.finish: FinishReason | None = None

    @property
    def received(self) -> str:
        return self._raw

    @property
    def complete(self) -> bool:
        return self.finish is not None

    @property
    def seconds(self) -> float:
        """From the first part to the last."""
        return self._times[1] - self._times[0] if self._times else 0.0

    @property
    def usage(self) -> Usage:
        """As the server counts, else an estimate of the prompt and one token for each part."""
        return self._usage or Usage(prompt=self._estimate, generated=self._parts)

    def feed(self, chunk: Any) -> bool:
        """Take one event. True: a stop string ended the text, the rest is not wanted."""
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        usage = usage_of(chunk)
        self._usage = usage or self._usage
        if choices == [] or (choices is None and usage):
            return False  # the statistics, or the filter results with which some streams begin
        if not isinstance(choices, list):
            raise ValueError("no choices")
        choice = choices[0]
        if not isinstance(choice, dict):
            raise ValueError("a choice that is no object")
        if self._add(_spoken(choice)):
            self.finish = FinishReason.STOP
            return True
        reason = choice.get("finish_reason")
        if reason is not None:
            self._end(reason)
        return False

    def _add(self, part: str) -> bool:
        if not part:
            return False
        now = self._clock()
        self._times = (self._times[0] if self._times else now, now)
        self._parts += 1
        self._raw += part
        self.text, stopped = self._cut(self._raw)
        return stopped

    def _end(self, reason: Any) -> None:
        if not isinstance(reason, str):
            raise ValueError("a finish_reason that is no text")
        if reason in _FAILED:
            raise ValueError("an answer that it gave up")
        self.finish = FinishReason.LENGTH if reason == "length" else FinishReason.STOP


def usage_of(chunk: Any) -> Usage | None:
    """The token counts of an answer or an event, if it has them."""
    usage = chunk.get("usage") if isinstance(chunk, dict) else None
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    reused = details.get("cached_tokens") if isinstance(details, dict) else 0
    prompt = _count(usage.get("prompt_tokens"))
    return Usage(prompt, min(prompt, _count(reused)), _count(usage.get("completion_tokens")))


def probabilities(answer: Any, options: Sequence[str], prefill: str = "") -> tuple[float, ...]:
    """How probable each of ``options`` is as the next words, from one token and its logprobs.

    An option gets the tokens that are it, or that begin it and no other option. Without logprobs
    the option that the text begins gets all; where no token fits any option, all get the same.
    ``prefill`` is taken off the text of servers that send it back.

    Raises:
        ValueError: the answer makes no sense; the message says what it is.
    """
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ValueError("no choices")
    stripped = [option.strip() for option in options]
    weights = [0.0] * len(stripped)
    for token, probability in _alternatives(choices[0]):
        index = _meant(token, stripped)
        if index is not None:
            weights[index] += probability
    if not sum(weights):
        index = _meant(_spoken(choices[0]).removeprefix(prefill), stripped)
        weights = [float(index in (None, i)) for i in range(len(stripped))]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def _alternatives(choice: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The most probable first tokens with their probabilities."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    top = first.get("top_logprobs") if isinstance(first, dict) else None
    for entry in top if isinstance(top, list) else []:
        if not isinstance(entry, dict):
            continue
        token, logprob = entry.get("token"), entry.get("logprob")
        if not isinstance(token, str) or not isinstance(logprob, (int, float)):
            continue
        if not math.isnan(logprob):
            yield token, math.exp(max(_LOWEST, min(0.0, logprob)))


def _meant(token: str, options: Sequence[str]) -> int | None:
    """The index of the only option that ``token`` can be the beginning of."""
    token = token.strip()
    if not token:
        return None
    if token in options:
        return options.index(token)
    fitting = [
        index
        for index, option in enumerate(options)
        if option.startswith(token)
        # "4." and "4/5" mean 4, "45" does not
        or (option and token.startswith(option) and not token[len(option)].isalnum())
    ]
    return fitting[0] if len(fitting) == 1 else None


def _spoken(choice: dict[str, Any]) -> str:
    """The text of a choice: a part of it in a stream, else all. Thoughts are left out."""
    message = choice.get("delta", choice.get("message"))
    if not isinstance(message, dict):
        raise ValueError("a choice without a message")
    content = message.get("content")
    if content is None:
        return ""
    if not isinstance(content, str):
        raise ValueError("content that is no text")
    # JSON can hold half of a surrogate pair, which no file and no pipe takes.
    return content.encode("utf-8", "replace").decode("utf-8")


def _count(value: Any) -> int:
    """A number of tokens or parameters; 0 for what is none."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if number and 0 < value < 2**63 else 0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
