"""What can go wrong between a file's text, a function in it, and a new version of it."""

from __future__ import annotations

from orps_lsp.errors import OrpsError


class SourceError(OrpsError):
    """Something is wrong with the user's source or with a candidate for it."""


class SourceSyntaxError(SourceError):
    """The text does not parse as Python.

    ``reason`` is the parser's; ``line`` is 1-based, 0 where the parser names none.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        where = f"line {line}: " if line else ""
        super().__init__(f"The file does not parse: {where}{reason}.", "Fix it first, then refine.")
        self.reason = reason
        self.line = line


class FunctionNotFound(SourceError):
    """The file has no function of that name."""


class NotRefinable(SourceError):
    """There is a function, but refining it makes no sense or cannot be done safely."""


class NoCode(SourceError):
    """The model's answer holds no complete version of the function."""


class CandidateRejected(SourceError):
    """The candidate cannot take the function's place without changing more than its body."""
