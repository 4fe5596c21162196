"""The URL of an endpoint, checked, and without its secrets wherever it is shown."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from orps_lsp.llm.protocol import ModelLoadError

KEY_VARIABLE = "ORPS_API_KEY"
_EXAMPLE = "Give the URL of its API, for example `http://127.0.0.1:8080/v1`."
_VERSION = re.compile(r"/v\d+\w*$")  # /v1, but also /v1beta


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is and with what key. ``parts`` has no user, password or fragment."""

    parts: SplitResult
    user: tuple[str, str] | None = None
    key: str = ""

    @classmethod
    def parse(cls, url: str, key: str = "") -> Endpoint:
        """Check ``url``, the setting ``endpoint``, and ``key``, the value of ORPS_API_KEY.

        Raises:
            ModelLoadError: it is empty, no http(s) URL, or has no host; the key cannot be sent.
        """
        url, key = url.strip(), key.strip()
        if not url:
            raise ModelLoadError(
                "The engine openai_compatible needs an endpoint.", f"Set `endpoint`. {_EXAMPLE}"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, SplitResult("", "", "", "", "")
        if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\%]", host):
            # Not quoted: what is no URL may still hold a password.
            raise ModelLoadError("The setting `endpoint` is no http(s) URL with a host.", _EXAMPLE)
        if not re.fullmatch(r"[\x21-\x7e]*", key):
            raise ModelLoadError(
                f"The key in {KEY_VARIABLE} has characters that cannot be sent.",
                "Set it to the key alone, without spaces, quotes or line breaks.",
            )
        shown_host = f"[{host}]" if ":" in host else host
        netloc = shown_host if port is None else f"{shown_host}:{port}"
        user = None
        if parts.username is not None:
            user = (unquote(parts.username), unquote(parts.password or ""))
        bare = parts._replace(netloc=netloc, path=parts.path.rstrip("/"), fragment="")
        return cls(bare, user, key)

    def url(self, path: str) -> str:
        """The address of ``path``, such as ``/models``; a query of the endpoint is kept."""
        return urlunsplit(self.parts._replace(path=self.parts.path + path))

    def __str__(self) -> str:
        """For people and logs: without credentials; a query may hold some."""
        return urlunsplit(self.parts._replace(query=""))

    def __repr__(self) -> str:
        return f"Endpoint({str(self)!r})"

    @property
    def versioned(self) -> bool:
        """Whether the path ends with the API's version, as it should."""
        return _VERSION.search(self.parts.path) is not None

    def with_version(self) -> Endpoint:
        return replace(self, parts=self.parts._replace(path=f"{self.parts.path}/v1"))

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        host = self.parts.hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def redact(self, text: str) -> str:
        """``text`` without the secrets that a server may have sent back."""
        for secret in (self.key, self.user[1] if self.user else ""):
            if secret:
                text = text.replace(secret, "***")
        return text
