"""An outcome to read: as JSON for programs, as one HTML page for people."""

from __future__ import annotations

from orps_lsp.report.json import Json, to_json
from orps_lsp.search.types import Outcome

__all__ = ["Json", "to_html", "to_json"]


def to_html(outcome: Outcome) -> str:
    """Return one self-contained page: no script, no request; the same outcome, the same text."""
    # Templates, lexers and drawing are loaded only here: a server at rest does not pay for them.
    from orps_lsp.report.page import render

    return render(outcome)
