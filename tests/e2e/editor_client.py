"""An editor for the tests: a client with its own idea of the text, independent of the server's."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Union

import psutil
from lsprotocol import types
from pygls.protocol import JsonRPCNotification
from pytest_lsp import ClientServerConfig, LanguageClient, make_test_lsp_client

SERVER = ("-m", "orps_lsp", "serve")
PATIENCE = 30.0  # seconds until a test is given up; nothing is measured with it

FULL = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        code_action=types.CodeActionClientCapabilities(
            code_action_literal_support=types.ClientCodeActionLiteralOptions(
                code_action_kind=types.ClientCodeActionKindOptions(value_set=[])
            ),
            is_preferred_support=True,
            disabled_support=True,
            data_support=True,
            resolve_support=types.ClientCodeActionResolveOptions(properties=["edit"]),
        ),
    ),
    workspace=types.WorkspaceClientCapabilities(
        apply_edit=True,
        configuration=True,
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True,
            change_annotation_support=types.ChangeAnnotationsSupportOptions(),
        ),
        code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
        did_change_configuration=types.DidChangeConfigurationClientCapabilities(
            dynamic_registration=True
        ),
    ),
    window=types.WindowClientCapabilities(work_done_progress=True),
    experimental={"orps": {"notifications": True}},
)
BARE = types.ClientCapabilities()

_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def encoded(encodings: list[str]) -> types.ClientCapabilities:
    """The full client that offers these position encodings."""
    general = types.GeneralClientCapabilities(position_encodings=encodings)
    return types.ClientCapabilities(
        text_document=FULL.text_document,
        workspace=FULL.workspace,
        window=FULL.window,
        experimental=FULL.experimental,
        general=general,
    )


def make_client() -> LanguageClient:
    """pytest-lsp's client, told apart commands from actions by the type of ``command``.

    lsprotocol takes every action that has a command for a bare command.
    """
    client = make_test_lsp_client()
    del client.protocol.fm.features[types.WORKSPACE_CONFIGURATION]  # the editor's own answers
    converter = client.protocol._converter

    def structure(value: dict[str, Any], _: Any) -> types.Command | types.CodeAction:
        bare = isinstance(value.get("command"), str)
        return converter.structure(value, types.Command if bare else types.CodeAction)

    converter.register_structure_hook(
        Union[types.Command, types.CodeAction],  # noqa: UP007  as lsprotocol registers it
        structure,
    )
    # What is not part of LSP stays as it came.
    converter.register_structure_hook(JsonRPCNotification, lambda value, cls: cls(**value))
    return client


class Editor:
    """One client and the real server process. ``text`` is what the user would see."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.file = Path()
        self.uri = ""
        self.text = ""
        self.version = 0
        self.encoding = "utf-16"
        self.finished: list[dict[str, Any]] = []
        self.progress: list[dict[str, Any]] = []
        self.statuses: list[Any] = []
        self.lens_refreshes = 0
        self.settings_asked = 0
        self.registrations: list[str] = []
        self.capabilities = types.ServerCapabilities()
        self.edits: list[types.ApplyWorkspaceEditParams] = []
        self.refuse_edits = ""
        self._listen()

    @classmethod
    async def start(
        cls,
        workspace: Path,
        settings: dict[str, Any],
        capabilities: types.ClientCapabilities = FULL,
        *,
        configuration: dict[str, Any] | None = None,
        trusted: bool = True,
        command: Sequence[str] = SERVER,
    ) -> Editor:
        environment = {**os.environ, "XDG_STATE_HOME": str(workspace.parent / "state")}
        client = await ClientServerConfig(
            [sys.executable, *command], make_client, environment
        ).start()
        editor = cls(client)
        client.set_configuration(configuration or {}, section="orps")
        result = await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                root_uri=workspace.as_uri(),
                initialization_options={"orps": settings, "trusted": trusted},
            )
        )
        encoding = result.capabilities.position_encoding or "utf-16"
        editor.encoding = str(getattr(encoding, "value", encoding))
        editor.capabilities = result.capabilities
        return editor

    @property
    def pid(self) -> int:
        assert self.client._server is not None
        return self.client._server.pid

    async def stop(self) -> None:
        server = self.client._server
        assert server is not None
        try:
            if server.returncode is None:
                await asyncio.wait_for(self.client.shutdown_session(), PATIENCE)
            await asyncio.wait_for(self.client.stop(), PATIENCE)
        finally:  # one that does not end would spoil the tests that count processes
            if server.returncode is None:
                server.kill()

    # -- the user ---------------------------------------------------------------------------

    def open(self, file: Path) -> None:
        self.file, self.uri = file, file.as_uri()
        self.text, self.version = file.read_bytes().decode(), 1
        item = types.TextDocumentItem(self.uri, "python", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def reset(self) -> None:
        """Go back to the text of the file, and forget what was shown."""
        self.text = self.file.read_bytes().decode()
        self._send_change([types.TextDocumentContentChangeWholeDocument(self.text)])
        self.refuse_edits = ""
        self.edits.clear()
        self.client.messages.clear()
        self.client.log_messages.clear()

    def replace(self, old: str, new: str) -> None:
        """Edit the text at the first ``old``, as an incremental change."""
        start = self.text.index(old)
        where = types.Range(self.position(start), self.position(start + len(old)))
        self.text = self.text[:start] + new + self.text[start + len(old) :]
        self._send_change([types.TextDocumentContentChangePartial(where, new)])

    async def command(self, name: str, *arguments: Any) -> Any:
        params = types.ExecuteCommandParams(name, list(arguments))
        return await asyncio.wait_for(self.client.workspace_execute_command_async(params), PATIENCE)

    async def refine(self, qualname: str, **more: Any) -> Any:
        return await self.command("orps.refine", {"uri": self.uri, "qualname": qualname, **more})

    async def refined(self, qualname: str, **more: Any) -> Any:
        """Refine and wait for the end; returns what ``orps/finished`` says."""
        job = (await self.refine(qualname, **more))["job"]
        return await self.finish(job)

    async def finish(self, job: int) -> Any:
        await self.until(lambda: any(item["job"] == job for item in self.finished))
        return next(item for item in self.finished if item["job"] == job)

    async def actions(self, at: str, only: list[str] | None = None) -> list[Any]:
        here = self.position(self.text.index(at))
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri),
            types.Range(here, here),
            types.CodeActionContext([], only=only),
        )
        return list(await self.client.text_document_code_action_async(params) or [])

    async def hover(self, at: str) -> str:
        params = types.HoverParams(
            types.TextDocumentIdentifier(self.uri), self.position(self.text.index(at))
        )
        hover = await self.client.text_document_hover_async(params)
        return hover.contents.value if hover else ""

    async def lenses(self) -> list[str]:
        params = types.CodeLensParams(types.TextDocumentIdentifier(self.uri))
        lenses = await self.client.text_document_code_lens_async(params)
        return [lens.command.title for lens in lenses or []]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something the server sends."""

        async def poll() -> None:
            while not condition():  # noqa: ASYNC110  any message may make it true
                await asyncio.sleep(0.01)

        await asyncio.wait_for(poll(), PATIENCE)

    def messages(self, kind: types.MessageType | None = None) -> list[str]:
        shown = self.client.messages
        return [message.message for message in shown if kind in (None, message.type)]

    def logged(self) -> str:
        return "\n".join(message.message for message in self.client.log_messages)

    # -- text -------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        return re.split(r"(?<=\n)|(?<=\r)(?!\n)", self.text)

    def position(self, offset: int) -> types.Position:
        codec, width = _CODECS[self.encoding]
        before = self.text[:offset]
        ends = [end.end() for end in re.finditer(r"\r\n|\n|\r", before)]
        column = before[ends[-1] if ends else 0 :]
        return types.Position(len(ends), len(column.encode(codec)) // width)

    def offset(self, position: types.Position) -> int:
        codec, width = _CODECS[self.encoding]
        lines = self.lines()
        assert position.line < len(lines), "a position behind the end of the text"
        units = lines[position.line].encode(codec)
        assert position.character * width <= len(units), "a position behind the end of a line"
        column = units[: position.character * width].decode(codec)
        return sum(map(len, lines[: position.line])) + len(column)

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """Apply a workspace edit for the open document, as an editor has to."""
        if edit.document_changes:
            (change,) = edit.document_changes
            assert change.text_document.version == self.version, "an edit of another version"
            edits = change.edits
        else:
            ((uri, edits),) = edit.changes.items()
            assert uri == self.uri
        for item in sorted(edits, key=lambda item: self.offset(item.range.start), reverse=True):
            start, end = self.offset(item.range.start), self.offset(item.range.end)
            self.text = self.text[:start] + item.new_text + self.text[end:]
        self._send_change([types.TextDocumentContentChangeWholeDocument(self.text)])

    def _send_change(self, changes: list[Any]) -> None:
        self.version += 1
        identifier = types.VersionedTextDocumentIdentifier(uri=self.uri, version=self.version)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))

    # -- what the server asks ---------------------------------------------------------------

    def _listen(self) -> None:
        feature = self.client.feature

        @feature("orps/progress")
        def on_progress(message: Any) -> None:
            self.progress.append(message)

        @feature("orps/finished")
        def on_finished(params: Any) -> None:
            self.finished.append(params)

        @feature("orps/status")
        def on_status(params: Any) -> None:
            self.statuses.append(params)

        @feature(types.WORKSPACE_CONFIGURATION)
        def on_configuration(params: types.ConfigurationParams) -> list[Any]:
            self.settings_asked += 1
            return [self.client.get_configuration(section=item.section) for item in params.items]

        @feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def on_refresh(params: Any) -> None:
            self.lens_refreshes += 1

        @feature(types.CLIENT_REGISTER_CAPABILITY)
        def on_register(params: types.RegistrationParams) -> None:
            self.registrations += [item.method for item in params.registrations]

        @feature(types.WORKSPACE_APPLY_EDIT)
        def on_apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            if self.refuse_edits:
                return types.ApplyWorkspaceEditResult(False, failure_reason=self.refuse_edits)
            self.edits.append(params)
            self.apply(params.edit)
            return types.ApplyWorkspaceEditResult(True)


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


Start = Callable[..., Awaitable[Editor]]
"""Starts an editor: settings, capabilities, and what else ``Editor.start`` takes."""


def memory(pid: int, key: str) -> int:
    """Bytes that are resident: ``VmRSS`` now, ``VmHWM`` at most since the process began."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{key}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1024
