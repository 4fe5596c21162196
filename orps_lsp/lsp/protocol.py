"""pygls' protocol, made strict: whatever a client sends, each request is answered exactly once.

pygls drops a request that it cannot read, and all that come after ``shutdown``; takes requests
before ``initialize``; lets a client's ids meet those of our own requests; and fails to shut down
while a command is going on.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from typing import Any

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcMethodNotFound
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage
from pygls.protocol.language_server import LanguageServerProtocol, lsp_method

from orps_lsp.lsp.framing import BrokenFrame, bodies, frame

logger = logging.getLogger(__name__)

_PARSE_ERROR = types.ErrorCodes.ParseError.value
_INVALID_REQUEST = types.ErrorCodes.InvalidRequest.value
_METHOD_NOT_FOUND = types.ErrorCodes.MethodNotFound.value
_INVALID_PARAMS = types.ErrorCodes.InvalidParams.value
_INTERNAL_ERROR = types.ErrorCodes.InternalError.value
_NOT_INITIALIZED = types.ErrorCodes.ServerNotInitialized.value

Json = dict[str, Any]


class Written(str):
    """The result of a request as JSON, for one that is too long to be made of objects."""

    __slots__ = ()


def written(items: Iterable[str]) -> Written:
    """Return a list of values that are JSON already."""
    return Written(f"[{','.join(items)}]")


class StrictProtocol(LanguageServerProtocol):
    """Reads, checks, hands over to pygls' handlers, and writes."""

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Handle one message after another, until the client hangs up or sends ``exit``.

        Raises:
            SystemExit: it sent ``exit``.
            BrokenFrame: it sent no message; it was told.
            IncompleteReadError: it died within a message.
        """
        try:
            async for body in bodies(reader):
                try:
                    self.receive(body)
                except Exception:
                    logger.exception("A message could not be handled.")
                # What is buffered is read without a pause: let what was begun go on in between.
                await asyncio.sleep(0)
        except BrokenFrame as error:
            self._refuse(None, _PARSE_ERROR, str(error))
            raise

    def receive(self, body: bytes) -> None:
        """Handle the body of one message."""
        try:
            message = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            self._refuse(None, _PARSE_ERROR, f"A message is not JSON: {error}")
            return
        if not isinstance(message, dict):
            self._refuse(None, _INVALID_REQUEST, "A message is one object; LSP has no batches.")
        elif "method" in message:
            self._call(message)
        elif "id" in message:
            self._take_response(message)
        else:
            self._refuse(None, _INVALID_REQUEST, "A message has a method or an id.")

    # -- requests and notifications of the client ---------------------------------------------

    def _call(self, message: Json) -> None:
        id, method = message.get("id"), message["method"]
        known = id if _is_id(id) else None
        if "id" not in message:
            self._notified(message)
        elif known is None:
            self._refuse(None, _INVALID_REQUEST, "The id of a request is a number or a text.")
        elif message.get("jsonrpc") != self.VERSION or not isinstance(method, str):
            self._refuse(known, _INVALID_REQUEST, "This is no request of JSON-RPC 2.0.")
        elif self._shutdown:
            self._refuse(known, _INVALID_REQUEST, "The server is shutting down.")
        elif self._initialized and method == types.INITIALIZE:
            self._refuse(known, _INVALID_REQUEST, "The server is initialized already.")
        elif not self._initialized and method != types.INITIALIZE:
            self._refuse(known, _NOT_INITIALIZED, "The first request must be `initialize`.")
        else:
            self._requested(known, method, message)

    def _requested(self, id: int | str, method: str, message: Json) -> None:
        kind = self.get_message_type(method)
        if kind is not None and not _is_request(kind):
            self._refuse(id, _INVALID_REQUEST, f"{method} is a notification: it has no id.")
            return
        try:
            self._get_handler(method)
            params = self._params(message, kind or JsonRPCRequestMessage)
        except JsonRpcMethodNotFound:
            self._refuse(id, _METHOD_NOT_FOUND, f"There is no method {method!r}.")
        except Exception as error:
            logger.warning("%s with parameters of another form: %s", method, error)
            self._refuse(id, _INVALID_PARAMS, f"{method}: the parameters are not as LSP has them.")
        else:
            contextvars.copy_context().run(self._handle_request, id, method, params)

    def _notified(self, message: Json) -> None:
        """Handle a notification. What is wrong with one is only logged: it has no answer."""
        method = message["method"]
        if method == types.EXIT:
            self._handle_notification(types.EXIT, None)
        if not isinstance(method, str) or not self._initialized or self._shutdown:
            logger.warning("The notification %.100r makes no sense now.", method)
            return
        kind = self.get_message_type(method) or JsonRPCNotification
        try:
            if _is_request(kind):
                raise ValueError("a request needs an id")
            params = self._params(message, kind)
        except Exception as error:
            logger.warning("%.100r with parameters of another form: %s", method, error)
            return
        contextvars.copy_context().run(self._handle_notification, method, params)

    def _params(self, message: Json, kind: type) -> Any:
        known = {"params": None, **message}
        if kind in (JsonRPCNotification, JsonRPCRequestMessage):  # no room for anything else
            known = {field.name: known.get(field.name) for field in attrs.fields(kind)}
        return self._converter.structure(known, kind).params

    @property
    def _initialized(self) -> bool:
        return hasattr(self, "server_capabilities")

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        if msg_id not in self._result_types:  # an id of ours is not the client's to cancel
            super()._handle_cancel_notification(msg_id)

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """End what goes on, then answer. From now on nothing but ``exit`` is taken."""
        self._shutdown = True
        yield self.fm.features[types.SHUTDOWN], args, None
        # A list, as pygls forgot: what is cancelled takes itself out of the dictionary.
        for id, future in list(self._request_futures.items()):
            if id != self.msg_id and not future.done():
                future.cancel()

    # -- answers of the client ----------------------------------------------------------------

    def _take_response(self, message: Json) -> None:
        id = message["id"]
        if not _is_id(id) or id not in self._result_types:
            if error := message.get("error"):
                logger.warning("The client found an error: %.500s", error)
            return
        kind = self._result_types.pop(id) or JsonRPCResponseMessage
        future: Future[Any] | None = self._request_futures.pop(id, None)
        if future is None or future.done():
            return  # nobody waits any more
        try:
            if message.get("error") is not None:
                answer = self._converter.structure(message, types.ResponseErrorMessage)
                assert answer.error is not None
                future.set_exception(JsonRpcException.from_error(answer.error))
            else:
                message = {"result": None, **message}
                future.set_result(self._converter.structure(message, kind).result)
        except Exception as error:
            logger.warning("An answer of the client has another form: %s", error)
            future.set_exception(JsonRpcInternalError("The client's answer makes no sense."))

    # -- writing ------------------------------------------------------------------------------

    def _refuse(self, id: int | str | None, code: int, text: str) -> None:
        error = {"code": code, "message": text}
        self._send_data({"jsonrpc": self.VERSION, "id": id, "error": error})

    def _send_data(self, data: Any) -> None:
        """Write a message; nothing once the connection is closed.

        An answer that JSON cannot hold becomes an error: the client waits for it.
        """
        writer: Any = self.writer
        if writer is None or writer.is_closing():
            return
        try:
            body = self._body(data).encode()
        except Exception:
            logger.exception("A message cannot be written.")
            if (id := getattr(data, "id", None)) is not None and not hasattr(data, "method"):
                self._refuse(id, _INTERNAL_ERROR, "The answer cannot be written as JSON.")
            return
        writer.write(frame(body))

    def _body(self, data: Any) -> str:
        if isinstance(result := getattr(data, "result", None), Written):
            id = json.dumps(data.id)
            return f'{{"jsonrpc":"{self.VERSION}","id":{id},"result":{result}}}'
        return json.dumps(data, default=self._serialize_message, allow_nan=False)


def _is_id(id: object) -> bool:
    return isinstance(id, (int, str)) and not isinstance(id, bool)


def _is_request(kind: type) -> bool:
    return any(field.name == "id" for field in attrs.fields(kind))
