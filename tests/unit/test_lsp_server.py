"""The server's process, apart from what it answers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import server as server_module
from orps_lsp.lsp.capabilities import Capabilities, resolve

SERVE = "import sys; from orps_lsp.lsp.server import serve; sys.exit(serve())"
HEAVY = {"llama_cpp", "numpy", "radon", "complexipy", "huggingface_hub", "httpx2", "pytest", "rich"}


def python(code: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def test_starting_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from orps_lsp.lsp.server import create_server\n"
        "create_server()\n"
        f"print(*sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = python(code)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


@pytest.mark.parametrize(
    "methods",
    [
        [],  # hung up
        ["exit"],  # without shutdown
        ["initialize", "shutdown"],  # hung up before exit
    ],
)
def test_an_end_without_shutdown_and_exit_is_an_error(methods: list[str], tmp_path: Path) -> None:
    text = ""
    for id, method in enumerate(methods):
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if method != "exit":
            message["id"] = id
        if method == "initialize":
            message["params"] = {"capabilities": {}, "processId": None, "rootUri": None}
        body = json.dumps(message)
        text += f"Content-Length: {len(body)}\r\n\r\n{body}"
    done = python(SERVE, input=text, env={"XDG_STATE_HOME": str(tmp_path)})
    assert done.returncode == 1, done.stderr


def test_a_file_as_stdin_is_no_client() -> None:
    done = python(SERVE, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "stdin and stdout must be" in done.stderr


async def test_tcp_serves_the_first_client(tmp_path: Path) -> None:
    code = SERVE.replace("serve()", "serve(('127.0.0.1', 0))")
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stderr=asyncio.subprocess.PIPE,
        env={"XDG_STATE_HOME": str(tmp_path)},
    )
    assert server.stderr is not None
    announced = await asyncio.wait_for(server.stderr.readline(), 30)
    host, _, port = announced.decode().split()[-1].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "shutdown"})
    writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert b"Content-Length" in await asyncio.wait_for(reader.readline(), 30)
    writer.close()
    await asyncio.wait_for(server.wait(), 30)


@pytest.mark.parametrize("seen", [True, False])
async def test_the_server_ends_with_a_parent_that_it_has_seen(
    monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    monkeypatch.setattr(server_module, "_PARENT_CHECK_SECONDS", 0.0)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    server = server_module.create_server()
    server.process_id = parent.pid
    if seen:
        server.see_client()
    orphaned = asyncio.Event()
    watch = asyncio.create_task(server_module._when_orphaned(server, orphaned.set))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not orphaned.is_set()
    await parent.communicate(b"\n")
    if not seen:
        server.see_client()  # too late: it may live where this process cannot look
    for _ in range(5):
        await asyncio.sleep(0)
    assert orphaned.is_set() == watch.done() == seen
    watch.cancel()


async def test_a_fault_is_shown_once_for_each_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    server = server_module.create_server()
    shown: list[str] = []
    monkeypatch.setattr(server, "show", lambda kind, text: shown.append(text))
    for feature in ("hover", "hover", "codeLens"):
        error = server.failure(feature, ZeroDivisionError("why"))
        assert error.message == f"{feature} failed: ZeroDivisionError: why"
    assert len(shown) == 2
    assert server.failure("hover", OrpsError("Known.", "Do this.")).message == "Known. Do this."
    assert len(shown) == 2


async def test_nothing_is_sent_once_the_client_is_gone() -> None:
    server = server_module.create_server()
    server.closed = True
    server.show(types.MessageType.Info, "late")
    server.log("late")
    server.notify("orps/progress", {})
    server.refresh_lenses()  # without a connection any of them would complain


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (types.ClientCapabilities(), Capabilities()),
        (types.ClientCapabilities(experimental=[1]), Capabilities()),
        (types.ClientCapabilities(experimental={"orps": {"notifications": 1}}), Capabilities()),
        (
            types.ClientCapabilities(experimental={"orps": {"notifications": True}}),
            Capabilities(job_notifications=True),
        ),
        (
            types.ClientCapabilities(
                workspace=types.WorkspaceClientCapabilities(
                    workspace_edit=types.WorkspaceEditClientCapabilities(
                        change_annotation_support=types.ChangeAnnotationsSupportOptions()
                    )
                )
            ),
            Capabilities(),  # annotations need versioned edits
        ),
        (
            types.ClientCapabilities(
                text_document=types.TextDocumentClientCapabilities(
                    code_action=types.CodeActionClientCapabilities(
                        resolve_support=types.ClientCodeActionResolveOptions(["edit"])
                    )
                )
            ),
            Capabilities(),  # nothing can be resolved without data
        ),
    ],
)
def test_capabilities(client: types.ClientCapabilities, expected: Capabilities) -> None:
    assert resolve(client) == expected
