"""What leaves the house in log files: everything but the secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

MASK = "[redacted]"


def known_secrets(environment: Mapping[str, str]) -> list[str]:
    """Return the values of all variables whose name says that they are secret."""
    endings = ("_TOKEN", "_PASSWORD", "_SECRET", "_KEY")
    return [value for name, value in environment.items() if name.upper().endswith(endings)]


def redact(messages: Iterable[str], secrets: Sequence[str]) -> list[str]:
    """Return the messages with every secret replaced by the mask.

    A secret may be part of a longer one: the longest goes first. Empty ones are left out, since
    an unset variable is no secret.
    """
    redacted = []
    for message in messages:
        for secret in sorted(secrets, key=len, reverse=True):
            if secret != "":
                pattern = re.compile(re.escape(secret))
                message = pattern.sub(MASK, message)
        redacted.append(message)
    return redacted
