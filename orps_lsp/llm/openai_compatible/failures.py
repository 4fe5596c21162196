"""What a server's refusal or nonsense means, and what the user can do about it."""

from __future__ import annotations

import json
import re
from typing import Any

from orps_lsp.llm.openai_compatible.endpoint import KEY_VARIABLE, Endpoint
from orps_lsp.llm.protocol import EndpointError

_SHOWN = 200  # characters of an answer that are quoted
AGAIN = frozenset({429, 500, 502, 503, 504})  # statuses that another attempt may cure
_SEE_LOG = "See the server's own log, then search again."
_OVERFLOW = re.compile(r"context", re.IGNORECASE)


class Unreachable(EndpointError):
    """No answer began: asking again costs nothing but time."""


class Nonsense(EndpointError):
    """An answer of status 200 that this API does not give."""


class Refused(EndpointError):
    """The server answered with another status than 200.

    ``reason`` is the server's own message, in full. ``retry_after`` is what it asked for, in
    seconds.
    """

    def __init__(
        self, message: str, advice: str, status: int, reason: str, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, advice)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after

    @property
    def overflow(self) -> bool:
        """Whether the prompt and the answer are longer than the model's context.

        Of a 422 the message may quote the prompt, which can hold any word.
        """
        return self.status in (400, 413) and _OVERFLOW.search(self.reason) is not None

    @property
    def rejects_request(self) -> bool:
        """Whether the request itself was at fault; template errors come as 500 from some."""
        return self.status in (400, 422, 500)

    def names(self, field: str) -> bool:
        return re.search(rf"(?<![A-Za-z0-9_]){field}(?![A-Za-z0-9_])", self.reason) is not None


def refusal(
    endpoint: Endpoint, url_path: str, status: int, body: str, retry_after: float = 0.0
) -> Refused:
    """The error for an answer with ``status`` to a request for ``url_path``."""
    reason = error_text(body)
    return Refused(
        f"{endpoint}{url_path} answered with status {status}{_quote(endpoint, reason)}",
        _advice(endpoint, url_path, status),
        status,
        reason,
        retry_after,
    )


def nonsense(endpoint: Endpoint, what: str, got: str) -> Nonsense:
    """The error for an answer of status 200 that makes no sense."""
    advice = "Check that `endpoint` is the URL of an OpenAI-compatible API"
    advice += "." if endpoint.versioned else "; it usually ends with /v1."
    return Nonsense(f"{endpoint} answered with {what}{_quote(endpoint, got)}", advice)


def never_began(endpoint: Endpoint, why: str) -> Unreachable:
    """The error for a stream that ended before its first text."""
    return Unreachable(
        f"{endpoint} ended its answer before it began ({endpoint.redact(why)}).",
        "The prompt may be longer than the server's context: if so, set `context` to what it has. "
        "The server's log says more.",
    )


def broke_off(endpoint: Endpoint, why: str, got: str) -> EndpointError:
    """The error for an answer that began and did not end."""
    return EndpointError(
        f"{endpoint} broke off in the middle of an answer ({endpoint.redact(why)})"
        f"{_quote(endpoint, got)}",
        _SEE_LOG,
    )


def interrupted(endpoint: Endpoint, got: str) -> EndpointError:
    """The error for a stream that ended in order, yet without a reason to end."""
    return EndpointError(
        f"{endpoint} ended an answer before it was complete{_quote(endpoint, got)}",
        "A server that drops a request when the next one comes needs `concurrency` 1; "
        "llama-cpp-python's does not with `--interrupt_requests false`.",
    )


def reported(endpoint: Endpoint, error: Any) -> EndpointError:
    """The error for an error that the server reports in place of a part of its answer."""
    return EndpointError(
        f"{endpoint} reported an error{_quote(endpoint, _message(error))}", _SEE_LOG
    )


def error_text(body: str) -> str:
    """The message in an error's body, whichever way it is wrapped; else the body."""
    try:
        data = json.loads(body)
    except ValueError:
        return body
    if not isinstance(data, dict):
        return body
    return next(
        (_message(data[key]) for key in ("error", "detail", "message") if key in data), body
    )


def _message(error: Any) -> str:
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        names = (error.get("code"), error.get("type"))  # the code may be the status again
        kind = next((name for name in names if isinstance(name, str) and name), "")
        return f"{error['message']} ({kind})" if kind else str(error["message"])
    return error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)


def _quote(endpoint: Endpoint, text: str) -> str:
    """The beginning of ``text`` in one line, to be put behind a statement."""
    text = " ".join(endpoint.redact(text).split())
    if not text:
        return "."
    return f": {text[:_SHOWN]}{'...' if len(text) > _SHOWN else ''}"


def _advice(endpoint: Endpoint, url_path: str, status: int) -> str:
    if 300 <= status < 400:
        return "Redirects are not followed: set `endpoint` to where the API itself is."
    if status in (401, 403):
        if endpoint.key:
            return f"The server does not take the key in the environment variable {KEY_VARIABLE}."
        return f"Put the server's key into the environment variable {KEY_VARIABLE}."
    if status in (404, 405):
        if not endpoint.versioned:
            return "The URL of an OpenAI-compatible API usually ends with /v1: check `endpoint`."
        if url_path == "/models":
            return "Check `endpoint`: there is no OpenAI-compatible API at this URL."
        return "Check `endpoint` and `model`: the server may not have this model."
    if status == 429:
        return "The server takes fewer requests: lower `concurrency`, or wait."
    if status in AGAIN:
        return f"It may still be loading its model. {_SEE_LOG}"
    return _SEE_LOG
