"""``python -m orps_lsp`` and the ``orps-lsp`` command."""

from __future__ import annotations

import sys

from orps_lsp.cli import main

if __name__ == "__main__":
    sys.exit(main())
