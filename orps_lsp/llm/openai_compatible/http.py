"""Requests to one endpoint: limits, time-outs, retries. The only module that opens sockets.

httpx2 is imported here, so this module is imported only where an endpoint is used.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

import httpx2

from orps_lsp.llm.openai_compatible import failures
from orps_lsp.llm.openai_compatible.endpoint import Endpoint
from orps_lsp.llm.openai_compatible.failures import AGAIN, Refused, Unreachable
from orps_lsp.llm.protocol import EndpointError, EngineError

# Reading: between two chunks; a server without a GPU reads a long prompt in silence.
_TIMEOUT = httpx2.Timeout(connect=10.0, read=120.0, write=30.0, pool=None)
_RETRIES = 3
_BACKOFF = 0.5  # seconds before the first retry; doubled for each further one
_LONGEST_WAIT = 60.0  # seconds; a server that wants longer is given up
_BODY_LIMIT = 4 * 2**20  # bytes of an answer that is not streamed
_T = TypeVar("_T")

# A line for each request, with the whole URL: its query may hold a key.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Listener(Protocol):
    """What becomes of a streamed answer."""

    @property
    def received(self) -> str:
        """The text so far; once there is some, a broken stream is not asked for again."""
        ...

    def feed(self, chunk: Any) -> bool:
        """Take the JSON value of one event; True: enough.

        Raises:
            ValueError: it makes no sense; the message says what it is.
        """
        ...

    @property
    def complete(self) -> bool:
        """Whether the answer said that it had ended."""
        ...


class Http:
    """Sends JSON to an endpoint, at most ``concurrency`` requests at a time.

    Cancelling a call closes its connection, by which servers know to stop generating.
    """

    def __init__(self, endpoint: Endpoint, concurrency: int, backoff: float = _BACKOFF) -> None:
        self._endpoint = endpoint
        self._backoff = backoff
        self._slots = asyncio.Semaphore(concurrency)
        self._pending: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else None,
            auth=endpoint.user if endpoint.user and not endpoint.key else None,
            timeout=_TIMEOUT,
            # The key must not follow a redirect to another host.
            follow_redirects=False,
            # A proxy of the environment cannot reach this machine's own loopback.
            trust_env=not endpoint.loopback,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=concurrency),
        )

    async def get(self, path: str) -> Any:
        """The JSON value at ``path``.

        Raises:
            EndpointError: as all methods here; of it Refused for another status than 200,
                Unreachable where no answer began.
        """
        return await self._call("GET", path, None, self._json)

    async def post(self, path: str, payload: dict[str, Any]) -> Any:
        """The JSON value that answers ``payload``."""
        return await self._call("POST", path, payload, self._json)

    async def stream(self, path: str, payload: dict[str, Any], listener: Listener) -> None:
        """Feed the events that answer ``payload`` to ``listener`` until either has enough."""
        await self._call("POST", path, payload, lambda answer: self._events(answer, listener))

    async def close(self) -> None:
        """End what is pending with an EngineError, and the connections."""
        self._closed = True
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, payload: Any, read: Callable[[httpx2.Response], Awaitable[_T]]
    ) -> _T:
        """Run one request in a task of its own, so that closing can be told from cancelling."""
        if self._closed:
            raise EngineError("The engine is closed.")
        task = asyncio.create_task(self._attempts(method, path, payload, read))
        self._pending.add(task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        finally:
            self._pending.discard(task)
        if task.cancelled():
            raise EngineError("The engine was closed while it answered.")
        return task.result()

    async def _attempts(
        self, method: str, path: str, payload: Any, read: Callable[[httpx2.Response], Awaitable[_T]]
    ) -> _T:
        async with self._slots:
            for attempt in range(_RETRIES):
                try:
                    return await self._attempt(method, path, payload, read)
                except (Refused, Unreachable) as error:
                    wait = self._wait(error, attempt)
                    if wait is None:
                        raise
                await asyncio.sleep(wait)
            return await self._attempt(method, path, payload, read)

    def _wait(self, error: Refused | Unreachable, attempt: int) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        # The jitter keeps requests that failed together from coming back together.
        wait: float = self._backoff * 2**attempt * random.uniform(0.5, 1.5)
        if isinstance(error, Refused):
            if error.status not in AGAIN or error.retry_after > _LONGEST_WAIT:
                return None
            wait = max(wait, error.retry_after)
        return wait

    async def _attempt(
        self, method: str, path: str, payload: Any, read: Callable[[httpx2.Response], Awaitable[_T]]
    ) -> _T:
        endpoint = self._endpoint
        try:
            async with self._client.stream(method, endpoint.url(path), json=payload) as answer:
                if answer.status_code != 200:
                    body = (await self._body(answer)).decode(errors="replace")
                    wait = _retry_after(answer.headers.get("Retry-After", ""))
                    raise failures.refusal(endpoint, path, answer.status_code, body, wait)
                return await read(answer)
        except (httpx2.ReadTimeout, httpx2.WriteTimeout):
            raise EndpointError(
                f"{endpoint} said nothing for {_TIMEOUT.read:.0f} s.",
                "It may be overloaded: lower `concurrency`, or take a smaller model.",
            ) from None
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            # `from None`: a traceback of the client may show the headers, and so the key.
            why = endpoint.redact(str(error) or type(error).__name__)
            raise Unreachable(
                f"{endpoint} gave no answer ({why}).",
                "Check that the server runs and that `endpoint` is right; its log may say more.",
            ) from None

    async def _json(self, answer: httpx2.Response) -> Any:
        body = (await self._body(answer)).decode(errors="replace")
        try:
            return json.loads(body)
        except ValueError:
            raise failures.nonsense(self._endpoint, _kind(body), body) from None

    async def _body(self, answer: httpx2.Response) -> bytes:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > _BODY_LIMIT:
                raise EndpointError(
                    f"{self._endpoint} sent more than {_BODY_LIMIT // 2**20} MiB.",
                    "Check that `endpoint` is the URL of an OpenAI-compatible API.",
                )
        return bytes(body)

    async def _events(self, answer: httpx2.Response, listener: Listener) -> None:
        endpoint = self._endpoint
        if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            # Some servers answer in one piece whatever was asked for.
            self._feed(listener, await self._json(answer))
        else:
            try:
                async for event in httpx2.EventSource(answer):
                    if event.data.strip() == "[DONE]":
                        break
                    if event.data and self._feed_text(listener, event.data):
                        return
                else:
                    if not listener.complete:
                        raise httpx2.RemoteProtocolError("the stream ended without its last part")
            except httpx2.RequestError as error:
                if listener.complete:
                    return  # only the statistics are missing
                if isinstance(error, httpx2.TimeoutException) and not listener.received:
                    raise
                why = str(error) or type(error).__name__
                if not listener.received:
                    raise failures.never_began(endpoint, why) from None
                raise failures.broke_off(endpoint, why, listener.received) from None
        if not listener.complete:
            raise failures.interrupted(endpoint, listener.received)

    def _feed_text(self, listener: Listener, data: str) -> bool:
        try:
            chunk = json.loads(data)
        except ValueError:
            raise failures.nonsense(self._endpoint, "a part that is no JSON", data) from None
        return self._feed(listener, chunk)

    def _feed(self, listener: Listener, chunk: Any) -> bool:
        if isinstance(chunk, dict) and chunk.get("error"):
            raise failures.reported(self._endpoint, chunk["error"])
        try:
            return listener.feed(chunk)
        except ValueError as error:
            raise failures.nonsense(self._endpoint, str(error), json.dumps(chunk)) from None


def _kind(body: str) -> str:
    """What an answer is that should have been JSON."""
    start = body.lstrip()[:15].lower()
    if not start:
        return "nothing"
    return "a web page" if start.startswith(("<!doctype", "<html")) else "what is no JSON"


def _retry_after(value: str) -> float:
    """Seconds that the header asks for, given as such or as a date; 0 where there is none."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds())
