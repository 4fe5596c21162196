"""Whether orps-lsp works on this machine: checks that try things out instead of guessing.

:func:`examine` runs them; what could crash, runs in a child process.
"""

from orps_lsp.doctor.examination import Listener, examine
from orps_lsp.doctor.types import Check, Report, Status

__all__ = ["Check", "Listener", "Report", "Status", "examine"]
