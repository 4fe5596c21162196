"""The engine behind a URL against a small real HTTP server that behaves as badly as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from orps_lsp.config import Settings
from orps_lsp.llm import create_engine
from orps_lsp.llm.openai_compatible import prefill, wire
from orps_lsp.llm.openai_compatible.endpoint import Endpoint
from orps_lsp.llm.openai_compatible.engine import OpenAICompatibleEngine
from orps_lsp.llm.protocol import (
    EndpointError,
    EngineError,
    FinishReason,
    Message,
    ModelLoadError,
    Prompt,
    PromptTooLong,
    Sampling,
    Usage,
)

KEY = "sk-very-secret"
HANG = 10.0  # seconds after which a test that hangs fails
QUESTION = Prompt((Message("user", "Improve this."),))
CODE = Prompt((Message("user", "Improve this."),), "```python\ndef f(x):\n    # plan\n")
PROSE = Prompt((Message("user", "Review this."),), "It passes all tests because it")
Json = dict[str, Any]


@dataclass
class Request:
    """One request as the server saw it, and the means to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(
        self,
        body: str | Json,
        status: int = 200,
        kind: str = "application/json",
        headers: Sequence[str] = (),
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}"]
        self.writer.write("\r\n".join([*lines, *headers, "", ""]).encode() + data)
        await self.writer.drain()

    async def begin_stream(self) -> None:
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await self.writer.drain()

    async def event(self, data: str | Json) -> None:
        text = f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
        self.writer.write(b"%x\r\n%s\r\n" % (len(text), text))
        await self.writer.drain()

    async def end_stream(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def say(
        self, *parts: str, finish: str | None = "stop", usage: Json | None = None
    ) -> None:
        """A whole stream."""
        await self.begin_stream()
        await self.event(delta(None, role="assistant"))
        for part in parts:
            await self.event(delta(part))
        if finish:
            await self.event(delta(None, finish=finish))
        if usage:
            await self.event({"choices": [], "usage": usage})
        await self.event("[DONE]")
        await self.end_stream()


def delta(content: str | None, *, finish: str | None = None, **more: str) -> Json:
    message = {**more} if content is None else {**more, "content": content}
    return {"choices": [{"index": 0, "delta": message, "finish_reason": finish}]}


def is_probe(body: Json) -> bool:
    return "Count from 1001" in body["messages"][0]["content"]


async def ends_probe(request: Request) -> None:
    """Answer the probe as a server that continues a prefill."""
    await request.say("6", ", 1007", finish="length")


Behaviour = Callable[[Request], Awaitable[None]]


@dataclass
class Server:
    """Plays ``models`` at GET /v1/models, ``probe`` and ``chat`` at POST /v1/chat/completions."""

    chat: Behaviour = lambda request: request.say("Hello", " world")
    probe: Behaviour = ends_probe
    models: Json | str = field(default_factory=lambda: {"data": [{"id": "test-7b"}]})
    prefix: str = "/v1"
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    concurrent: int = 0
    peak: int = 0
    failures: list[BaseException] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> list[Json]:
        """The bodies of the requests for an answer, without the probes."""
        return [r.body for r in self.requests if r.method == "POST" and not is_probe(r.body)]

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                request = Request(method, path, headers, json.loads(body or b"{}"), reader, writer)
                self.requests.append(request)
                await self.answer(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as error:  # reported by the fixture: a fault of the test itself
            self.failures.append(error)
        finally:
            writer.close()

    async def answer(self, request: Request) -> None:
        path = request.path.partition("?")[0]
        if path == f"{self.prefix}/models":
            await request.send(self.models)
        elif path != f"{self.prefix}/chat/completions":
            await request.send({"error": {"message": "no such page"}}, 404)
        elif is_probe(request.body):
            await self.probe(request)
        else:
            self.concurrent += 1
            self.peak = max(self.peak, self.concurrent)
            try:
                await self.chat(request)
            finally:
                self.concurrent -= 1


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.connection, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()
    for request in server.requests:
        request.writer.close()
    assert not server.failures


@contextlib.asynccontextmanager
async def engine_at(server: Server, **options: Any) -> AsyncIterator[OpenAICompatibleEngine]:
    engine = OpenAICompatibleEngine(server.url, backoff=0.001, **options)
    try:
        yield engine
    finally:
        await asyncio.wait_for(engine.close(), HANG)


async def complete(
    server: Server, prompt: Prompt = QUESTION, sampling: Sampling | None = None, **options: Any
) -> Any:
    async with engine_at(server, **options) as engine:
        return await asyncio.wait_for(engine.complete(prompt, sampling or Sampling()), HANG)


def says(*parts: str, **options: Any) -> Behaviour:
    return lambda request: request.say(*parts, **options)


def sends(body: str | Json, status: int = 200, **options: Any) -> Behaviour:
    return lambda request: request.send(body, status, **options)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each of ``behaviours`` once, the last for ever."""
    left = list(behaviours)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


# -- what is there


@pytest.mark.parametrize(
    ("models", "name", "context", "parameters"),
    [
        ({"data": [{"id": "qwen2.5-coder:0.5b"}]}, "qwen2.5-coder:0.5b", 8192, 500_000_000),
        ({"data": [{"id": "mystery"}, {"id": "x-3b"}]}, "mystery", 8192, 7_000_000_000),
        ({"data": [{"id": "a", "max_model_len": 4096}]}, "a", 4096, 7_000_000_000),
        (
            {"data": [{"id": "m", "meta": {"n_ctx_train": 32768, "n_params": 494032768}}]},
            *("m", 32768, 494032768),
        ),
        (
            {"data": [{"id": "m", "meta": {"n_ctx": 2048, "n_ctx_train": 32768}}]},
            *("m", 2048, 7_000_000_000),
        ),
    ],
)
async def test_the_server_says_which_model_it_has(
    server: Server, models: Json, name: str, context: int, parameters: int
) -> None:
    server.models = models
    async with engine_at(server) as engine:
        info = await engine.start()
        assert (info.model, info.context, info.parameters) == (name, context, parameters)
        assert info.threads == 0
        await engine.complete(QUESTION, Sampling())
    assert server.asked[0]["model"] == name


async def test_a_chosen_model_and_context_are_taken(server: Server) -> None:
    server.models = {"data": [{"id": "first"}, {"id": "second-1.5b", "max_model_len": 99}]}
    async with engine_at(server, model="second-1.5b", context=2048) as engine:
        info = await engine.start()
    assert (info.model, info.context, info.parameters) == ("second-1.5b", 2048, 1_500_000_000)


async def test_starting_twice_asks_once(server: Server) -> None:
    async with engine_at(server) as engine:
        assert await engine.start() == await engine.start()
    assert len(server.requests) == 2  # the models and the probe


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Qwen2.5-Coder-0.5B-Instruct", 500_000_000),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", 135_000_000),
        ("/models/70b/llama-3.1-8b", 8_000_000_000),
        ("Qwen3-30B-A3B", 30_000_000_000),
        ("model-4bit", 0),
        ("gpt-oss", 0),
    ],
)
def test_a_name_tells_the_size(name: str, parameters: int) -> None:
    assert wire.size_of(name) == parameters


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080/v1", "ftp://host/v1", "http://", "http://[::1"]
)
def test_what_is_no_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ModelLoadError, match="endpoint") as caught:
        create_engine(Settings(engine="openai_compatible", endpoint=url))
    assert "http://127.0.0.1:8080/v1" in caught.value.advice


def test_credentials_are_not_shown() -> None:
    endpoint = Endpoint.parse(f"https://me:{KEY}@host:8443/v1/?token={KEY}", KEY)
    assert str(endpoint) == "https://host:8443/v1"
    assert KEY not in repr(endpoint)
    assert endpoint.user == ("me", KEY)
    assert endpoint.url("/models") == f"https://host:8443/v1/models?token={KEY}"
    with pytest.raises(ModelLoadError) as caught:
        Endpoint.parse(f"https//me:{KEY}@host/v1")
    assert KEY not in str(caught.value)


async def test_a_forgotten_v1_is_found(server: Server) -> None:
    engine = OpenAICompatibleEngine(f"http://127.0.0.1:{server.port}/", backoff=0.001)
    try:
        assert (await engine.complete(QUESTION, Sampling())).text == "Hello world"
    finally:
        await engine.close()


async def test_a_wrong_path_is_named(server: Server) -> None:
    server.prefix = "/elsewhere/v1"
    engine = OpenAICompatibleEngine(f"http://127.0.0.1:{server.port}/api", backoff=0.001)
    with pytest.raises(EndpointError, match="/api/models answered with status 404") as caught:
        await engine.start()
    await engine.close()
    assert "/v1" in caught.value.advice


async def test_nobody_at_the_address_is_an_error(server: Server) -> None:
    port = server.port
    async with await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
    engine = OpenAICompatibleEngine(f"http://127.0.0.1:{port}/v1", backoff=0.001)
    with pytest.raises(EndpointError, match=f"127.0.0.1:{port}/v1 gave no answer") as caught:
        await asyncio.wait_for(engine.start(), HANG)
    assert "server runs" in caught.value.advice
    await engine.close()


@pytest.mark.parametrize("models", ["[]", "{}", '{"data": 1}', '{"data": []}', '{"data": [{}]}'])
async def test_a_list_of_models_that_is_none(server: Server, models: str) -> None:
    server.models = models
    async with engine_at(server) as engine:
        with pytest.raises(EndpointError, match="list of models"):
            await engine.start()


# -- completions


async def test_a_stream_becomes_a_completion(server: Server) -> None:
    server.chat = says(
        "Hel",
        "lo",
        usage={
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
    )
    completion = await complete(server)
    assert completion.text == "Hello"
    assert completion.finish is FinishReason.STOP
    assert completion.usage == Usage(prompt=9, reused=4, generated=2)
    assert completion.seconds >= 0


async def test_parts_are_counted_where_the_server_does_not(server: Server) -> None:
    server.chat = says("a", "b", "c", finish="length")
    completion = await complete(server)
    assert completion.finish is FinishReason.LENGTH
    assert completion.usage.generated == 3
    assert completion.usage.prompt > 0


async def test_an_answer_in_one_piece_is_taken_too(server: Server) -> None:
    server.chat = sends({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
    assert (await complete(server)).text == "Hello"


async def test_thoughts_are_left_out(server: Server) -> None:
    async def think(request: Request) -> None:
        await request.begin_stream()
        await request.event(delta(None, reasoning_content="Hmm."))
        await request.event(delta("Yes", finish="stop"))
        await request.end_stream()  # and no [DONE]

    server.chat = think
    assert (await complete(server)).text == "Yes"


async def test_half_of_a_surrogate_pair_does_not_get_through(server: Server) -> None:
    server.chat = says("a\ud83d")
    assert (await complete(server)).text == "a?"


async def test_what_is_asked_for_is_what_is_sent(server: Server) -> None:
    sampling = Sampling(
        seed=2**40 + 5, temperature=0.5, top_p=0.9, min_p=0.1, max_tokens=7, stop=("\n```",)
    )
    await complete(server, QUESTION, sampling)
    assert server.asked == [
        {
            "model": "test-7b",
            "messages": [{"role": "user", "content": "Improve this."}],
            "max_tokens": 7,
            "temperature": 0.5,
            "seed": 5,
            "top_p": 0.9,
            "min_p": 0.1,
            "stop": ["\n```"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_of_many_stop_strings_a_few_are_sent_and_all_end_the_text(server: Server) -> None:
    server.chat = says("one two six ", "seven")
    stop = ("two", "three", "four", "five", "six")
    assert (await complete(server, QUESTION, Sampling(stop=("x", *stop[1:])))).text == "one two "
    assert server.asked[0]["stop"] == ["x", "three", "four", "five"]


async def test_extensions_are_sent_when_they_are_asked_for(server: Server) -> None:
    await complete(
        server,
        QUESTION,
        Sampling(temperature=0, repeat_penalty=1.1, grammar='root ::= "x"', ignore_eos=True),
    )
    (body,) = server.asked
    assert (body["repeat_penalty"], body["grammar"], body["ignore_eos"]) == (
        *(1.1, 'root ::= "x"', True),
    )
    assert "min_p" not in body and "top_p" not in body


async def test_a_rejected_field_is_dropped_and_not_sent_again(server: Server) -> None:
    async def strict(request: Request) -> None:
        for field_name in ("min_p", "seed"):
            if field_name in request.body:
                reason = f"Unrecognized request argument supplied: {field_name}"
                return await request.send({"error": {"message": reason}}, 400)
        return await request.say("fine")

    server.chat = strict
    async with engine_at(server) as engine:
        for _ in range(2):
            assert (await engine.complete(QUESTION, Sampling())).text == "fine"
    assert ["min_p" in body for body in server.asked] == [True, False, False, False]
    assert ["seed" in body for body in server.asked] == [True, True, False, False]
    assert server.asked[-1]["temperature"] == Sampling().temperature


async def test_a_validation_error_that_lists_fields_is_understood(server: Server) -> None:
    extra = {"detail": [{"type": "extra_forbidden", "loc": ["body", "min_p"], "input": 0.05}]}
    server.chat = in_turn(sends(extra, 422), says("fine"))
    assert (await complete(server)).text == "fine"
    assert "min_p" not in server.asked[1]


async def test_a_rejected_grammar_is_an_error(server: Server) -> None:
    server.chat = sends({"error": {"message": "failed to parse grammar"}}, 400)
    with pytest.raises(EngineError, match="parse grammar") as caught:
        await complete(server, QUESTION, Sampling(grammar="("))
    assert "llama-server" in caught.value.advice


# -- the prefill


def message(body: Json) -> Json:
    last: Json = body["messages"][-1]
    return last


async def test_a_server_that_continues_gets_the_prefill_as_a_message(server: Server) -> None:
    server.chat = says("    return 1", usage={"prompt_tokens": 1, "completion_tokens": 3})
    completion = await complete(server, CODE, Sampling(stop=("\n```",)))
    assert completion.text == "    return 1"
    assert message(server.asked[0]) == {"role": "assistant", "content": CODE.prefill}
    assert server.asked[0]["continue_final_message"] is True
    assert server.asked[0]["add_generation_prompt"] is False


async def test_without_a_prefill_there_are_no_flags(server: Server) -> None:
    await complete(server, QUESTION)
    assert "continue_final_message" not in server.asked[0]


async def test_a_server_without_the_flags_gets_only_the_message(server: Server) -> None:
    async def probe(request: Request) -> None:
        if "continue_final_message" in request.body:
            await request.send({"error": {"message": "unknown field"}}, 400)
        else:
            await request.say("6", ",")

    server.probe = probe
    await complete(server, CODE)
    assert message(server.asked[0]) == {"role": "assistant", "content": CODE.prefill}
    assert "continue_final_message" not in server.asked[0]


async def test_a_prefill_that_comes_back_is_taken_off(server: Server) -> None:
    server.probe = says(f"{prefill.PROBE.prefill}6", ",")
    server.chat = in_turn(says(f"{CODE.prefill}    return", " 1"), says("    return 2"))
    async with engine_at(server) as engine:
        for expected in ("    return 1", "    return 2"):
            completion = await engine.complete(CODE, Sampling(stop=("\n```",)))
            assert completion.text == expected


@pytest.mark.parametrize(
    "probe",
    [
        says("1001, 1002, 1003"),
        says("My list: 1001, 1002, 1003, 1004, 1005, 1005"),
        says(),
        in_turn(
            *[sends({"error": {"message": "the last message must be the user's"}}, 400)] * 2,
            says("1001"),
        ),
    ],
)
async def test_a_server_that_does_not_continue_is_told_how_to_begin(
    server: Server, probe: Behaviour
) -> None:
    server.probe = probe
    server.chat = says(CODE.prefill, "    return 1", "\n``", "`\nThis is", " fast.")
    completion = await complete(server, CODE, Sampling(stop=("\n```",), max_tokens=50))
    assert completion.text == "    return 1"
    assert completion.finish is FinishReason.STOP
    (body,) = server.asked
    assert message(body)["role"] == "user"
    assert message(body)["content"].endswith(f"exactly this text:\n{CODE.prefill}")
    assert "stop" not in body  # the server would stop at the fence that opens the answer
    assert body["max_tokens"] > 50


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"\n {CODE.prefill}    return 1\n```\nDone.", "    return 1"),
        ("```python\ndef f(x):\n    return 1\n```\nDone.", "def f(x):\n    return 1"),
        ("Here it is:\n```\ndef f(x):\n    return 1\n```", "def f(x):\n    return 1"),
        (f"Here it is:\n\n{CODE.prefill}    return 1\n```", "    return 1"),
        ("def f(x):\n    # plan\n    return 1\n```\nDone.", "    return 1"),
        ("def f(x):\n    return 1\n```\nDone.", "def f(x):\n    return 1"),
        ("\n    return 1\n```\nDone.", "    return 1"),
        ("I cannot help.", "I cannot help."),
        ("```python\ndef f(x):", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
async def test_an_answer_that_begins_anew_is_not_cut_at_its_opening_fence(
    server: Server, answer: str, text: str, size: int
) -> None:
    server.probe = says("1001")
    server.chat = says(*(answer[i : i + size] for i in range(0, len(answer), size)))
    assert (await complete(server, CODE, Sampling(stop=("\n```",)))).text == text


@pytest.mark.parametrize(
    "answer", [f"{PROSE.prefill} counts.\n\nMore.", " counts.\n\nMore.", "counts.\n\n"]
)
async def test_prose_is_stopped_where_it_should(server: Server, answer: str) -> None:
    server.probe = says("1001")
    server.chat = says(*answer)
    completion = await complete(server, PROSE, Sampling(stop=("\n\n", "```")))
    assert completion.text.strip() == "counts."


# -- choices


def logprobs(*tokens: tuple[str, float]) -> Json:
    top = [{"token": token, "logprob": logprob} for token, logprob in tokens]
    choice = {
        "message": {"content": tokens[0][0]},
        "logprobs": {"content": [{"top_logprobs": top}]},
    }
    return {"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}


def spoken(text: str) -> Json:
    return {"choices": [{"message": {"content": text}, "logprobs": None}]}


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        (logprobs(("4", -0.6931), (" 4", -1.3863), ("5", -1.3863)), "12345", (0, 0, 0, 0.75, 0.25)),
        (logprobs(("4.", -0.5), ("42", -0.5)), "12345", (0, 0, 0, 1, 0)),
        (logprobs((" Par", -0.7), ("x", -0.7)), (" Paris", " Rome"), (1, 0)),
        (logprobs(("R", -0.7), ("Rom", -0.7)), (" Riga", " Rome"), (0, 1)),
        (logprobs(("x", -0.1)), "12", (0.5, 0.5)),
        (spoken(" 2"), "123", (0, 1, 0)),
        (spoken("hm"), "12", (0.5, 0.5)),
        (spoken(f"{PROSE.prefill} 2"), "12", (0, 1)),
    ],
)
async def test_a_choice_is_a_distribution(
    server: Server, answer: Json, options: Sequence[str], expected: Sequence[float]
) -> None:
    server.chat = sends(answer)
    async with engine_at(server) as engine:
        choice = await engine.choose(PROSE, list(options))
    assert choice.probabilities == pytest.approx(expected, abs=1e-3)
    (body,) = server.asked
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert "stream" not in body


async def test_a_server_that_refuses_logprobs_is_asked_without(server: Server) -> None:
    async def no_logprobs(request: Request) -> None:
        if "logprobs" in request.body:
            await request.send({"error": {"message": "logprobs is not supported"}}, 400)
        else:
            await request.send(spoken("1"))

    server.chat = no_logprobs
    async with engine_at(server) as engine:
        for _ in range(2):
            assert (await engine.choose(PROSE, ["1", "2"])).probabilities == (1.0, 0.0)
    assert ["logprobs" in body for body in server.asked] == [True, False, False]
    assert "top_logprobs" not in server.asked[-1]


async def test_a_server_that_does_not_continue_is_asked_in_words(server: Server) -> None:
    server.probe, server.chat = says("1001"), sends(logprobs(("2", -0.1)))
    async with engine_at(server) as engine:
        assert (await engine.choose(PROSE, ["1", "2"])).probabilities == (0.0, 1.0)
    content = message(server.asked[0])["content"]
    assert PROSE.prefill in content and content.endswith(": 1, 2")


@pytest.mark.parametrize("body", ["[]", '{"choices": []}', '{"choices": [{}]}', '{"choices": 1}'])
async def test_a_choice_that_makes_no_sense_is_an_error(server: Server, body: str) -> None:
    server.chat = sends(body)
    async with engine_at(server) as engine:
        with pytest.raises(EndpointError, match="answered with"):
            await engine.choose(PROSE, ["1", "2"])


@pytest.mark.parametrize("text", ["", "a" * 3000, "é" * 100, "日本語" * 10])
async def test_a_count_is_not_too_low(server: Server, text: str) -> None:
    async with engine_at(server) as engine:
        count = await engine.count_tokens(Prompt((Message("user", text),)))
    assert count >= len(text) / 3
    assert not server.requests


# -- what goes wrong


async def dies_in_the_middle(request: Request) -> None:
    await request.begin_stream()
    await request.event(delta("some text"))
    request.writer.transport.abort()


def streams(*events: str | Json) -> Behaviour:
    async def play(request: Request) -> None:
        await request.begin_stream()
        for event in events:
            await request.event(event)
        await request.end_stream()

    return play


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (dies_in_the_middle, "broke off in the middle of an answer"),
        (streams(delta("some text")), "broke off in the middle of an answer"),
        (streams(delta("some text"), "[DONE]"), "ended an answer before it was complete: some"),
        (streams("{not json"), "a part that is no JSON: {not json"),
        (streams("[1]"), "no choices"),
        (streams({"choices": ["x"]}), "a choice that is no object"),
        (streams({"choices": [{"delta": {"content": 5}}]}), "content that is no text"),
        (streams({"choices": [{"delta": "x"}]}), "a choice without a message"),
        (streams({"choices": [{"delta": {}, "finish_reason": 1}]}), "finish_reason that is no"),
        (streams({"choices": [{"delta": {}, "finish_reason": "abort"}]}), "that it gave up"),
        (streams(delta("a"), {"error": {"message": "out of memory"}}), "an error: out of memory"),
        (sends({"object": "nothing"}), "no choices"),
        (sends({"error": "Unexpected endpoint"}), "Unexpected endpoint"),
        (sends("<!DOCTYPE html><p>hi", kind="text/html"), "a web page: <!DOCTYPE html><p>hi"),
        (sends("", kind="text/plain"), "answered with nothing"),
        (sends("moved", 302, headers=["Location: http://127.0.0.1:1/v1"]), "status 302"),
    ],
)
async def test_nonsense_is_an_error_that_says_what_came(
    server: Server, behaviour: Behaviour, words: str
) -> None:
    server.chat = behaviour
    with pytest.raises(EndpointError, match=words) as caught:
        await complete(server)
    assert server.url in caught.value.message
    assert caught.value.advice
    assert len(server.asked) == 1  # what has begun to answer is not asked again


async def test_what_is_quoted_is_short(server: Server) -> None:
    server.chat = sends("x" * 5000, 418)
    with pytest.raises(EndpointError) as caught:
        await complete(server)
    assert "x" * 200 in caught.value.message
    assert "x" * 201 not in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
async def test_a_server_that_is_busy_is_asked_again(server: Server, status: int) -> None:
    busy = sends({"error": "busy"}, status)
    server.chat = in_turn(busy, busy, busy, says("fine"))
    assert (await complete(server)).text == "fine"
    assert len(server.asked) == 4


async def test_a_connection_that_is_cut_before_an_answer_is_tried_again(server: Server) -> None:
    async def cut(request: Request) -> None:
        request.writer.transport.abort()

    server.chat = in_turn(cut, streams(), says("fine"))
    assert (await complete(server)).text == "fine"


async def test_patience_ends(server: Server) -> None:
    server.chat = sends({"error": "Loading model"}, 503)
    with pytest.raises(EndpointError, match="status 503: Loading model"):
        await complete(server)
    assert len(server.asked) == 4


async def test_the_wait_that_a_server_asks_for_is_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    server.chat = in_turn(sends("slow", 429, headers=["Retry-After: 17"]), says("fine"))
    monkeypatch.setattr("orps_lsp.llm.openai_compatible.http.asyncio.sleep", record)
    assert (await complete(server)).text == "fine"
    assert waits == [17.0]


async def test_a_server_that_wants_too_long_a_wait_is_given_up(server: Server) -> None:
    server.chat = sends("slow", 429, headers=["Retry-After: 3600"])
    with pytest.raises(EndpointError, match="429") as caught:
        await complete(server)
    assert len(server.asked) == 1
    assert "concurrency" in caught.value.advice


async def test_waiting_for_another_attempt_can_be_cancelled(server: Server) -> None:
    refused = asyncio.Event()

    async def refuse(request: Request) -> None:
        await request.send("slow", 429, headers=["Retry-After: 50"])
        refused.set()

    server.chat = refuse
    async with engine_at(server) as engine:
        request = asyncio.create_task(engine.complete(QUESTION, Sampling()))
        await asyncio.wait_for(refused.wait(), HANG)
        await asyncio.sleep(0.05)  # until the client has read it and waits
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(request, HANG)


async def test_a_request_that_the_server_refuses_is_not_repeated(server: Server) -> None:
    server.chat = sends({"error": {"message": "max_tokens is too large"}}, 400)
    with pytest.raises(EndpointError, match="max_tokens is too large"):
        await complete(server)
    assert len(server.asked) == 1


async def test_an_overflow_is_a_prompt_that_is_too_long(server: Server) -> None:
    server.chat = sends({"error": {"message": "exceeds the available context size"}}, 400)
    with pytest.raises(PromptTooLong, match="context size") as caught:
        await complete(server)
    assert "`context`" in caught.value.advice


async def test_a_server_that_fails_may_be_another_one_next_time(server: Server) -> None:
    server.chat = in_turn(dies_in_the_middle, says("fine"))
    async with engine_at(server) as engine:
        with pytest.raises(EndpointError):
            await engine.complete(QUESTION, Sampling())
        server.models = {"data": [{"id": "another"}]}
        assert (await engine.complete(QUESTION, Sampling())).text == "fine"
    assert server.asked[-1]["model"] == "another"


# -- the key


async def test_the_key_is_sent_and_never_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ORPS_API_KEY", KEY)
    server.chat = sends({"error": {"message": f"wrong key: {KEY}"}}, 401)
    engine = OpenAICompatibleEngine(f"{server.url}?token={KEY}")
    with pytest.raises(EndpointError, match=r"wrong key: \*\*\*") as caught:
        await engine.complete(QUESTION, Sampling())
    await engine.close()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].path == f"/v1/models?token={KEY}"
    assert KEY not in caplog.text
    assert KEY not in repr(caught.value) + str(caught.value)
    assert "ORPS_API_KEY" in caught.value.advice


@pytest.mark.parametrize("status", [401, 403])
async def test_who_has_no_key_learns_where_to_put_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.delenv("ORPS_API_KEY", raising=False)
    server.chat = sends("no", status)
    with pytest.raises(EndpointError) as caught:
        await complete(server)
    assert "authorization" not in server.requests[0].headers
    assert "ORPS_API_KEY" in caught.value.advice


async def test_a_redirect_does_not_get_the_key(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORPS_API_KEY", KEY)
    other = Server()
    listening = await asyncio.start_server(other.connection, "127.0.0.1", 0)
    other.port = listening.sockets[0].getsockname()[1]
    server.chat = sends("", 307, headers=[f"Location: {other.url}/chat/completions"])
    with pytest.raises(EndpointError, match="307") as caught:
        await complete(server)
    listening.close()
    assert not other.requests
    assert "not followed" in caught.value.advice


def test_a_key_that_cannot_be_sent_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORPS_API_KEY", f"{KEY}\nHost: evil")
    with pytest.raises(ModelLoadError, match="ORPS_API_KEY") as caught:
        OpenAICompatibleEngine("http://127.0.0.1:1/v1")
    assert KEY not in str(caught.value)


# -- many requests, and ends


async def test_no_more_requests_at_a_time_than_allowed(server: Server) -> None:
    async def slow(request: Request) -> None:
        await asyncio.sleep(0.02)
        await request.say("fine")

    server.chat = slow
    async with engine_at(server, concurrency=3) as engine:
        answers = await asyncio.gather(
            *(engine.complete(QUESTION, Sampling(seed=seed)) for seed in range(12))
        )
    assert [answer.text for answer in answers] == ["fine"] * 12
    assert server.peak == 3


class Hanging:
    """Begins an answer and waits; knows when the client is gone."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, request: Request) -> None:
        await request.begin_stream()
        await request.event(delta("some text"))
        self.began.set()
        await request.reader.read()  # until the end of the connection
        self.left.set()


async def test_cancelling_closes_the_connection(server: Server) -> None:
    hanging = Hanging()
    server.chat = in_turn(hanging, says("fine"))
    async with engine_at(server, concurrency=1) as engine:
        request = asyncio.create_task(engine.complete(QUESTION, Sampling()))
        await asyncio.wait_for(hanging.began.wait(), HANG)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.wait_for(hanging.left.wait(), HANG)
        again = engine.complete(QUESTION, Sampling())
        assert (await asyncio.wait_for(again, HANG)).text == "fine"


async def test_a_stop_string_closes_the_connection(server: Server) -> None:
    left = asyncio.Event()

    async def endless(request: Request) -> None:
        await request.begin_stream()
        try:
            while True:
                await request.event(delta("a line\n\n"))
                await asyncio.sleep(0)
        except ConnectionError:
            left.set()

    server.probe, server.chat = says("1001"), endless
    completion = await complete(server, PROSE, Sampling(stop=("\n\n",)))
    assert completion.text == "a line"
    await asyncio.wait_for(left.wait(), HANG)


async def test_closing_ends_what_is_pending(server: Server) -> None:
    hanging = Hanging()
    server.chat = hanging
    async with engine_at(server) as engine:
        requests = [
            asyncio.create_task(engine.complete(QUESTION, Sampling(seed=seed))) for seed in (1, 2)
        ]
        await asyncio.wait_for(hanging.began.wait(), HANG)
        await asyncio.wait_for(engine.close(), HANG)
        for request in requests:
            with pytest.raises(EngineError, match="closed"):
                await asyncio.wait_for(request, HANG)
        await asyncio.wait_for(hanging.left.wait(), HANG)
        with pytest.raises(EngineError, match="closed"):
            await engine.complete(QUESTION, Sampling())


async def test_nothing_waits_while_yielding(server: Server) -> None:
    async with engine_at(server) as engine, engine.yielding():
        answer = await asyncio.wait_for(engine.complete(QUESTION, Sampling()), HANG)
    assert answer.text == "Hello world"


def test_the_http_client_is_imported_only_for_this_engine() -> None:
    program = (
        "import sys, orps_lsp.llm, orps_lsp.refine; "
        "assert 'httpx2' not in sys.modules; "
        "from orps_lsp.config import Settings; "
        "orps_lsp.llm.create_engine(Settings(engine='openai_compatible', "
        "endpoint='http://127.0.0.1:1/v1')); "
        "assert 'httpx2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
