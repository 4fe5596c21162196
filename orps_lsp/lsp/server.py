"""The server's process: it speaks with one client over stdio or TCP until either of them ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import stat
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from orps_lsp import __version__
from orps_lsp.errors import OrpsError
from orps_lsp.lsp import features, log
from orps_lsp.lsp.capabilities import Capabilities
from orps_lsp.lsp.downloads import Downloads
from orps_lsp.lsp.framing import BrokenFrame
from orps_lsp.lsp.garbage import keep_for_good
from orps_lsp.lsp.presenter import Presenter
from orps_lsp.lsp.protocol import StrictProtocol
from orps_lsp.lsp.session import Session
from orps_lsp.lsp.status import STATUS, status

logger = logging.getLogger(__name__)

_PARENT_CHECK_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_LINE_LIMIT = 1 << 20


class OrpsServer(LanguageServer):
    """pygls' server with one session and safe ways to tell the client something."""

    def __init__(self) -> None:
        super().__init__("orps-lsp", __version__, protocol_cls=StrictProtocol)
        self.closed = False
        self.client_seen = False
        self.presenter = Presenter(self)
        self.session = Session(
            changed=self.presenter.job_changed,
            warn=lambda text: self.show(types.MessageType.Warning, text),
        )
        self.downloads = Downloads(self)
        self._reported: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._last_status: dict[str, Any] = {}

    @property
    def capabilities(self) -> Capabilities:
        return self.session.capabilities

    def see_client(self) -> None:
        """Look for the process that ``initialize`` named.

        One that is not there lives elsewhere (another container): its absence says nothing.
        """
        self.client_seen = self.process_id is not None and _alive(self.process_id)

    def show(self, kind: types.MessageType, text: str) -> None:
        """Show a message (``window/showMessage``)."""
        if not self.closed:
            self.window_show_message(types.ShowMessageParams(kind, f"ORPS: {text}"))

    def log(self, text: str) -> None:
        """Write into the editor's log of this server (``window/logMessage``)."""
        if not self.closed:
            self.window_log_message(types.LogMessageParams(types.MessageType.Info, text))

    def notify(self, method: str, params: dict[str, object]) -> None:
        """Send a notification that is not part of LSP."""
        if not self.closed:
            self.protocol.notify(method, params)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background, until the session ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background_ended)

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("Background work failed.", exc_info=error)

    async def close(self) -> None:
        """End all that goes on here. Safe to call twice."""
        self.closed = True
        for task in self._background:
            task.cancel()
        await self.downloads.close()
        await self.session.close()

    def tell_status(self) -> None:
        """Send ``orps/status`` to a client that shows it, if it changed."""
        if self.closed or not self.capabilities.job_notifications:
            return
        current = status(self)
        if current != self._last_status:
            self._last_status = current
            self.notify(STATUS, current)

    def refresh_lenses(self) -> None:
        """Make the client ask again for code lenses, if it can."""
        if not self.closed and self.capabilities.code_lens_refresh:
            self.workspace_code_lens_refresh(None)

    def failure(self, feature: str, error: Exception) -> JsonRpcException:
        """Say what went wrong in a feature; returns the error to answer with.

        A fault of ours is shown once for each feature: hovers come with every move of the mouse.
        """
        if isinstance(error, JsonRpcException):
            return error
        failed = types.LSPErrorCodes.RequestFailed.value
        if isinstance(error, OrpsError):
            return JsonRpcException(str(error), code=failed)
        logger.error("%s failed", feature, exc_info=error)
        text = f"{feature} failed: {type(error).__name__}: {error}"
        if feature not in self._reported:
            self._reported.add(feature)
            self.show(types.MessageType.Error, f"{text}. The log has the details.")
        return JsonRpcException(text, code=failed)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What pygls could not handle. Not sent: the client may be what is broken."""
        logger.error("%s: %s", getattr(source, "__name__", source), error)


def create_server() -> OrpsServer:
    """Make a server with all features, not yet connected to a client."""
    server = OrpsServer()
    features.register(server)
    keep_for_good()
    return server


def serve(tcp: tuple[str, int] | None = None) -> int:
    """Serve one client over stdio, or over the first connection to a TCP address.

    Returns the exit code that LSP asks for: 0 after ``shutdown`` and ``exit``, else 1; 2 if there
    can be no client.
    """
    log.configure()
    if tcp is not None:
        return asyncio.run(_serve_tcp(*tcp))
    if sys.stdin.isatty():
        print("orps-lsp speaks LSP on stdin and stdout; editors start it.", file=sys.stderr)
    return asyncio.run(_serve_stdio())


async def _serve_stdio() -> int:
    if not (_is_stream(0) and _is_stream(1)):
        print("orps-lsp: stdin and stdout must be pipes, sockets or a terminal.", file=sys.stderr)
        return 2
    stdin, stdout = _claim_stdio()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(stdin, "rb", buffering=0)
    )
    # Of the pipe's protocol only flow control is used: what it would read never comes.
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()),
        os.fdopen(stdout, "wb", buffering=0),
    )
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    return await _Connection(create_server(), reader, writer).run()


def _is_stream(descriptor: int) -> bool:
    """Whether it can be waited for: a file or the null device is always ready."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _claim_stdio() -> tuple[int, int]:
    """Keep stdin and stdout for the protocol alone; returns private descriptors of both.

    A stray print, or a child's, would break the client's connection: descriptor 1 is stderr now.
    """
    stdin, stdout = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as null:  # noqa: PTH123
        os.dup2(null.fileno(), 0)
    os.dup2(2, 1)
    return stdin, stdout


async def _serve_tcp(host: str, port: int) -> int:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    listener = await asyncio.start_server(accept, host, port, limit=_LINE_LIMIT)
    address = listener.sockets[0].getsockname()
    print(f"orps-lsp: listening on {address[0]}:{address[1]}", file=sys.stderr, flush=True)
    reader, writer = await connected
    listener.close()
    return await _Connection(create_server(), reader, writer).run()


@dataclass(slots=True)
class _Connection:
    """One client, from its first message until nothing of it is left."""

    server: OrpsServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self) -> int:
        """Serve until the client exits, dies or hangs up, or a signal comes; then end all."""
        server = self.server
        server.protocol.set_writer(self.writer)
        end = cast("asyncio.Task[int]", asyncio.current_task()).cancel
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: None if server.closed else end())
        watch = asyncio.create_task(_when_orphaned(server, end))
        code = 1
        try:
            await cast(StrictProtocol, server.protocol).follow(self.reader)
        except SystemExit:  # how pygls says that the client sent `exit`
            code = 0 if server.closed else 1
        except BrokenFrame as error:
            logger.error("The client does not speak LSP: %s", error)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError) as end:
            logger.info("The connection ended: %s", type(end).__name__)
        finally:
            server.closed = True
            watch.cancel()
            await _bounded(server.close, "the session")
            self.writer.close()
            await _bounded(self.writer.wait_closed, "the connection")
        return code


async def _when_orphaned(server: OrpsServer, end: Callable[[], object]) -> None:
    """Call ``end`` once the process that ``initialize`` named is gone."""
    while True:
        await asyncio.sleep(_PARENT_CHECK_SECONDS)
        if server.client_seen and server.process_id is not None and not _alive(server.process_id):
            logger.warning("The client's process is gone.")
            end()
            return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


async def _bounded(close: Callable[[], Awaitable[None]], what: str) -> None:
    try:
        await asyncio.wait_for(close(), _CLOSE_SECONDS)
    except Exception:
        logger.exception("Could not end %s.", what)
