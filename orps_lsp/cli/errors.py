"""Errors of the command line itself."""

from __future__ import annotations

from orps_lsp.errors import OrpsError


class UsageError(OrpsError):
    """The command line makes no sense; exit code 2."""
