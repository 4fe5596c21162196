"""The engine that somebody else runs: any server with OpenAI's chat API, by its URL."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from orps_lsp.llm.openai_compatible import failures, prefill, wire
from orps_lsp.llm.openai_compatible.endpoint import KEY_VARIABLE, Endpoint
from orps_lsp.llm.openai_compatible.failures import Nonsense, Refused
from orps_lsp.llm.openai_compatible.http import Http
from orps_lsp.llm.openai_compatible.prefill import Mode
from orps_lsp.llm.protocol import (
    Choice,
    Completion,
    EndpointError,
    EngineError,
    EngineInfo,
    FinishReason,
    Prompt,
    PromptTooLong,
    Sampling,
    Usage,
)

_CHAT = "/chat/completions"
_SEEDS = 2**31  # servers differ in how large a seed may be
_BYTES_PER_TOKEN = 3
_TOKENS_PER_MESSAGE = 8
_TOP = 20  # the most alternatives that the API gives
_MOST_STOPS = 4  # more are an error by OpenAI's API
_PROBE_TOKENS = 4
# Fields that a server may reject by name; without them an answer is still an answer.
_OPTIONAL = (
    "min_p",
    "repeat_penalty",
    "ignore_eos",
    "stream_options",
    "seed",
    "top_logprobs",
    "logprobs",
)
Json = dict[str, Any]
_T = TypeVar("_T")


class OpenAICompatibleEngine:
    """Asks llama-server, vLLM, Ollama, LM Studio or the like; their batching is theirs.

    ``model`` is the endpoint's name for its model, "auto" the first that it lists. ``context`` 0
    takes what the server says. A grammar goes out in llama-server's field ``grammar``: other
    servers refuse or ignore it.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        model: str = "auto",
        concurrency: int = 16,
        context: int = 0,
        backoff: float = 0.5,
    ) -> None:
        """Check the URL; nothing is sent before ``start``. ``backoff``: seconds to a first retry.

        Raises:
            ModelLoadError: ``endpoint`` is no URL of a server.
        """
        self._endpoint = Endpoint.parse(endpoint, os.environ.get(KEY_VARIABLE, ""))
        self._wanted = model
        self._concurrency = concurrency
        self._context = context
        self._backoff = backoff
        self._http: Http | None = None
        self._info: EngineInfo | None = None
        self._name = model
        self._mode = Mode.FLAGS
        self._echoes = False
        self._rejected: set[str] = set()
        self._starting = asyncio.Lock()
        self._closed = False

    async def start(self) -> EngineInfo:
        """Ask which model there is, and whether it continues a prefill."""
        async with self._starting:
            if self._closed:
                raise EngineError("The engine is closed.")
            if self._http is None:
                # Here, not at the top: the constructor has no event loop to belong to.
                self._http = Http(self._endpoint, self._concurrency, self._backoff)
            if self._info is None:
                found = await self._find_model()
                self._name = found.name
                self._rejected.clear()
                self._mode = await self._find_mode()
                context = self._context or found.context
                self._info = EngineInfo(found.name, context, found.parameters)
            return self._info

    async def _find_model(self) -> wire.Model:
        """The model at the endpoint, or at its /v1 if the user left that away."""
        try:
            return await self._list()
        except EndpointError as error:
            missing = isinstance(error, Nonsense) or (
                isinstance(error, Refused) and error.status in (404, 405)
            )
            if self._endpoint.versioned or not missing:
                raise
            given, http = self._endpoint, self._http
            self._endpoint = given.with_version()
            self._http = Http(self._endpoint, self._concurrency, self._backoff)
            try:
                found = await self._list()
            except EndpointError:
                await self._http.close()
                self._endpoint, self._http = given, http
                raise error from None  # what the user wrote is what the message must name
            assert http
            await http.close()
            return found

    async def _list(self) -> wire.Model:
        assert self._http
        listing = await self._http.get("/models")
        try:
            return wire.model(listing, self._wanted)
        except ValueError as error:
            raise failures.nonsense(self._endpoint, str(error), str(listing)) from None

    async def _find_mode(self) -> Mode:
        """Try out how this server takes a prefill."""
        refused = self._echoes = False
        for mode in (Mode.FLAGS, Mode.MESSAGE):
            try:
                answer = await self._probe(mode)
                if prefill.continued(answer):
                    self._echoes = prefill.echoed(answer)
                    return mode
            except Refused as error:
                if not error.rejects_request:
                    raise
                refused = True
        if refused:
            # Was it the prefill? Else the user learns now what is wrong, not in a search.
            await self._probe(Mode.WORDS)
        return Mode.WORDS

    async def _probe(self, mode: Mode) -> str:
        request = prefill.request(prefill.PROBE, mode)
        answer = await self._stream(
            {**request, "max_tokens": _PROBE_TOKENS, "temperature": 0}, lambda text: (text, False)
        )
        return answer.received

    # -- requests

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        await self.start()
        in_words = bool(prompt.prefill) and self._mode is Mode.WORDS
        echoes = bool(prompt.prefill) and self._echoes

        def cut(text: str) -> tuple[str, bool]:
            rest, certain = text, True
            if in_words:
                rest, certain = prefill.continuation(text, prompt.prefill)
            elif echoes:
                rest, certain = prefill.without_echo(text, prompt.prefill)
            return _until(rest, sampling.stop) if certain else (rest, False)

        payload = {**prefill.request(prompt, self._mode), **_sampled(sampling)}
        if in_words:
            # The server's stop strings would end an answer at the fence that opens it.
            payload.pop("stop", None)
            payload["max_tokens"] += _tokens(prompt.prefill) + _TOKENS_PER_MESSAGE
        answer = await self._watched(self._stream(payload, cut, await self.count_tokens(prompt)))
        finish = answer.finish or FinishReason.STOP
        return Completion(answer.text, finish, answer.usage, answer.seconds)

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> Choice:
        await self.start()
        if self._mode is Mode.WORDS:
            prompt = prefill.told_to_choose(prompt, list(options))
        payload = {
            **prefill.request(prompt, self._mode),
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": True,
            "top_logprobs": _TOP,
        }
        answer = await self._watched(self._post(payload))
        try:
            shares = wire.probabilities(answer, options, prompt.prefill)
        except ValueError as error:
            raise failures.nonsense(self._endpoint, str(error), str(answer)) from None
        usage = wire.usage_of(answer) or Usage(await self.count_tokens(prompt), generated=1)
        return Choice(shares, usage)

    async def count_tokens(self, prompt: Prompt) -> int:
        """An upper estimate, as the API cannot count: a token for each three bytes of UTF-8.

        Tokenizers of code and of most languages make fewer; bytes, because other scripts than
        Latin take about a token for each character.
        """
        texts = [*(message.content for message in prompt.messages), prompt.prefill]
        return sum(_tokens(text) + _TOKENS_PER_MESSAGE for text in texts)

    @contextlib.asynccontextmanager
    async def yielding(self) -> AsyncIterator[None]:
        """Nothing, on loopback too.

        A request that runs cannot be paused from here, and those of one round are sent at once:
        holding back the few that wait would free no core, but leave a GPU idle.
        """
        yield

    async def close(self) -> None:
        self._closed = True
        if self._http:
            await self._http.close()

    # -- the way out and back

    async def _stream(
        self, payload: Json, cut: Callable[[str], tuple[str, bool]], estimate: int = 0
    ) -> wire.Answer:
        async def send(payload: Json) -> wire.Answer:
            assert self._http
            answer = wire.Answer(estimate, cut)
            await self._http.stream(_CHAT, payload, answer)
            return answer

        return await self._without_rejected(
            {**payload, "stream": True, "stream_options": {"include_usage": True}}, send
        )

    async def _post(self, payload: Json) -> Any:
        async def send(payload: Json) -> Any:
            assert self._http
            return await self._http.post(_CHAT, payload)

        return await self._without_rejected(payload, send)

    async def _without_rejected(self, payload: Json, send: Callable[[Json], Awaitable[_T]]) -> _T:
        """Send ``payload`` without the fields that this server rejects, and learn which they are.

        Raises:
            PromptTooLong, EndpointError: as the server says.
            EngineError: the server does not take the grammar.
        """
        payload = {"model": self._name, **payload}
        while True:
            payload = {name: payload[name] for name in payload if name not in self._rejected}
            try:
                return await send(payload)
            except Refused as error:
                if error.overflow:
                    raise PromptTooLong(
                        error.message,
                        "Raise the server's context, or set `context` to what it has.",
                    ) from None
                if not error.rejects_request:
                    raise
                if "grammar" in payload and error.names("grammar"):
                    raise EngineError(
                        error.message, "Grammars need llama-server, and to be valid GBNF."
                    ) from None
                named = {field for field in _OPTIONAL if field in payload and error.names(field)}
                if not named:
                    raise
                if "logprobs" in named:
                    named.add("top_logprobs")  # which is refused without it
                self._rejected |= named

    async def _watched(self, request: Awaitable[_T]) -> _T:
        """After a failure the next request asks anew what is there: it may be another server."""
        try:
            return await request
        except EndpointError:
            self._info = None
            raise


def _sampled(sampling: Sampling) -> Json:
    """The fields of a request that say how to draw."""
    fields: Json = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "seed": sampling.seed % _SEEDS,
    }
    if sampling.temperature > 0:
        fields.update(top_p=sampling.top_p, min_p=sampling.min_p)
    if sampling.stop:
        fields["stop"] = list(sampling.stop[:_MOST_STOPS])  # all of them end the text here
    if sampling.repeat_penalty != 1:
        fields["repeat_penalty"] = sampling.repeat_penalty
    if sampling.grammar:
        fields["grammar"] = sampling.grammar
    if sampling.ignore_eos:
        fields["ignore_eos"] = True
    return fields


def _until(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """``text`` up to the first of the ``stop`` strings, and whether there was one."""
    ends = [end for end in (text.find(string) for string in stop) if end >= 0]
    return (text[: min(ends)], True) if ends else (text, False)


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
