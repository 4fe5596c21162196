"""What can go wrong with a benchmark."""

from __future__ import annotations

from orps_lsp.errors import OrpsError


class BenchError(OrpsError):
    """A benchmark cannot run, or one of the programs that it measures failed."""
