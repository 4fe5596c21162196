"""The server under messages of every kind: it never dies, never hangs, answers each request once.

``ORPS_FUZZ_SEED`` and ``ORPS_FUZZ_MESSAGES`` choose another storm.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from editor_client import PATIENCE, SERVER
from fuzz_storm import Model, Storm
from project import Project
from raw_client import Json, RawClient
from scripted import BY_KEYS, UNORDERED

SEED = int(os.environ.get("ORPS_FUZZ_SEED", "20261121"))
MESSAGES = int(os.environ.get("ORPS_FUZZ_MESSAGES", "10000"))

CAPABILITIES = {
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "codeLens": {"refreshSupport": True},
    },
    "window": {"workDoneProgress": True},
    "experimental": {"orps": {"notifications": True}},
}
HOVER = {"jsonrpc": "2.0", "id": 9, "method": "textDocument/hover", "params": {}}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RawClient]:
    client = await RawClient.start(tmp_path)
    yield client
    await client.close()


async def test_a_storm_of_messages(client: RawClient, project: Project) -> None:
    print(f"ORPS_FUZZ_SEED={SEED}")  # shown where the test fails
    chance = random.Random(SEED)
    careless = True

    def answer(request: Json) -> Json | None:
        """What the server asks is answered wrongly, not at all, or rightly."""
        if not careless:
            return {"result": None}
        wrong: Json = {"error": {"code": "x"}}
        refused: Json = {"error": {"code": -32601, "message": "no"}}
        return chance.choice((None, wrong, refused, {"result": {"a": 1}}, {"result": None}, {}))

    client.on_request = answer
    options = {"orps": project.settings(UNORDERED, BY_KEYS), "trusted": True}
    await client.initialize(
        CAPABILITIES, rootUri=project.folder.as_uri(), initializationOptions=options
    )
    # No quotes: see `text_is_as_the_model_has_it`.
    module = re.sub('"+[^"]*"+', "0", project.module.read_text())
    model = Model(project.module.as_uri(), module)
    await client.notify("textDocument/didOpen", model.opened())
    storm = Storm(SEED, model)
    for _ in range(MESSAGES):
        await client.send_body(storm.message())
    storm.expected[repr("initialize")] += 1
    await client.until(lambda: client.counted().total() >= storm.expected.total())
    careless = False

    await client.request("stop", "workspace/executeCommand", {"command": "orps.cancel"})
    await text_is_as_the_model_has_it(client, project, model)
    storm.expected.update(map(repr, ("stop", "refine", "results", "hover", "shutdown")))
    assert (await client.request("shutdown", "shutdown"))["result"] is None
    assert client.counted() == storm.expected
    await client.notify("exit", None)
    assert await client.ended() == 0


async def text_is_as_the_model_has_it(client: RawClient, project: Project, model: Model) -> None:
    """Make what the storm left the inside of a string, search, and ask for the text searched."""
    start, end = {"line": 0, "character": 0}, model.position(len(model.text))
    # Two small edits, so that a difference between the two texts stays one.
    behind = (end, end, '"""\n')
    await client.notify("textDocument/didChange", model.changed(behind))
    before = (start, start, project.module.read_text() + '\n\nREST = """')
    await client.notify("textDocument/didChange", model.changed(before))
    refine: Json = {
        "command": "orps.refine",
        "arguments": [{"uri": model.uri, "qualname": "unique"}],
    }
    answer = await client.request("refine", "workspace/executeCommand", refine)
    assert "result" in answer, answer
    job = answer["result"]["job"]

    def finished() -> Any:
        found = [
            note["params"] for note in client.notifications if note["method"] == "orps/finished"
        ]
        return next((item for item in found if item["job"] == job), None)

    await client.until(finished)
    assert finished()["state"] == "done", finished()
    preview = {"command": "orps.preview", "arguments": [{"job": job, "rank": 1}]}
    answer = await client.request("results", "workspace/executeCommand", preview)
    assert answer["result"]["original"] == model.text
    place = {"line": model.text[: model.text.index("def unique")].count("\n"), "character": 5}
    params = {"textDocument": {"uri": model.uri}, "position": place}
    hover = await client.request("hover", "textDocument/hover", params)
    assert "tests" in hover["result"]["contents"]["value"]


async def test_the_order_of_a_session_is_kept(client: RawClient) -> None:
    async def code(id: int | str, method: str) -> int:
        return (await client.request(id, method, {}))["error"]["code"]

    assert await code(1, "textDocument/hover") == -32002
    assert await code(2, "shutdown") == -32002
    await client.notify("textDocument/didOpen", {})
    assert await code("wrong", "initialize") == -32602  # no capabilities; it can be sent again
    assert "capabilities" in (await client.initialize())["result"]
    assert await code(3, "initialize") == -32600
    assert await code(4, "exit") == -32600
    assert await code(5, "nothing/like/this") == -32601
    assert (await client.request(6, "shutdown"))["result"] is None
    assert await code(7, "textDocument/hover") == -32600
    assert await code(8, "shutdown") == -32600
    await client.notify("exit", None)
    assert await client.ended() == 0


async def test_exit_without_shutdown_is_a_failure(client: RawClient) -> None:
    await client.initialize()
    await client.notify("exit", None)
    assert await client.ended() == 1


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: many\r\n\r\n{}",
        b"Content-Length: 99999999999999999999999999\r\n\r\n{}",
        b"Content-Length: 1000000000000\r\n\r\n{}",
        b"Content-Type: text\r\n\r\n{}",
        b"{}\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"x" * 3_000_000,
        b"A: b\r\n" * 1000,
    ],
    ids=lambda data: data[:24].decode(),
)
async def test_a_stream_without_messages_ends_with_an_error(client: RawClient, data: bytes) -> None:
    await client.initialize()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may end first
        await client.send_bytes(data)
    assert await client.ended() == 1
    ((error,),) = [answers for id, answers in client.answers.items() if id == "None"]
    assert error["error"]["code"] == -32700


@pytest.mark.parametrize("data", [b"", b"Content-Le", b"Content-Length: 100\r\n\r\n{"])
async def test_half_a_message_and_a_hang_up(client: RawClient, data: bytes) -> None:
    await client.initialize()
    await client.send_bytes(data)
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert await client.ended() == 1


@pytest.mark.parametrize(
    "head",
    ["content-length: {}\r\n\r\n", "Content-Type: a; charset=utf-8\r\nContent-Length:{}\r\n\r\n"],
)
async def test_headers_are_read_as_http_has_them(client: RawClient, head: str) -> None:
    await client.initialize()
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}'
    await client.send_bytes(head.format(len(body)).encode() + body)
    await client.until(lambda: "1" in client.answers)


async def test_an_answer_that_is_too_deep_to_write_is_an_error(client: RawClient) -> None:
    await client.initialize()
    for depth in (100, 300, 900, 5000, 200_000):
        data = '{"a":' * depth + "1" + "}" * depth
        body = '{"jsonrpc": "2.0", "id": %d, "method": "codeAction/resolve", "params": '
        body += '{"title": "t", "data": %s}}'
        await client.send_body((body % (depth, data)).encode())
    answered = {"None", *map(str, (100, 300, 900, 5000))}
    await client.until(lambda: client.counted().total() == 6)
    assert set(client.answers) - {"'initialize'"} <= answered
    assert "result" in await client.request("end", "shutdown")


async def test_a_shutdown_ends_a_command_that_is_going_on(client: RawClient) -> None:
    await client.initialize({"workspace": {"applyEdit": True}})
    for id in range(1, 20):
        command = {"command": "orps.status", "arguments": [{}]}
        message = {"id": id, "method": "workspace/executeCommand", "params": command}
        await client.send({"jsonrpc": "2.0", **message})
    assert (await client.request("end", "shutdown"))["result"] is None
    await client.until(lambda: client.counted().total() == 21)


async def test_the_server_ends_when_its_client_is_killed(tmp_path: Path) -> None:
    code = "import subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE,"
    code += " stdout=subprocess.PIPE); print(p.pid, flush=True); p.wait()"
    command = [sys.executable, "-c", code, sys.executable, *SERVER]
    client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert client.stdout is not None
    server = psutil.Process(int(await client.stdout.readline()))
    client.kill()
    await client.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [server], PATIENCE)
    assert not alive


async def test_the_server_ends_with_the_process_that_it_was_told(client: RawClient) -> None:
    """Its pipes stay open: somebody else holds them too."""
    editor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    await client.initialize(processId=editor.pid)
    editor.kill()
    await editor.wait()
    assert await client.ended() == 1
