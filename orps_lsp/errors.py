"""The root of every error that is meant for a person to read."""

from __future__ import annotations

from typing import Any


class OrpsError(Exception):
    """Something that the user can understand and act on.

    The message says what happened; ``advice`` says what to do about it. Layers subclass this, so
    that callers catch by type and never by text. Cancellation is not one of these: it stays
    ``asyncio.CancelledError``.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling: the constructors of subclasses differ."""
        return _rebuilt, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


def _rebuilt(kind: type[OrpsError], args: tuple[Any, ...], values: dict[str, Any]) -> OrpsError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(values)
    return error
