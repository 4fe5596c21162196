"""Logs: warnings to stderr, which editors show, and more to a rotating file.

Nothing of the user's code is logged above debug level.
"""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_dir

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FILE_BYTES = 1_000_000
_FILES_KEPT = 3


def configure() -> None:
    """Set up logging for the server's process. A folder that cannot be written is no problem."""
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[stderr])
    # pygls logs whole messages, and so the user's code, at INFO.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    folder = Path(user_log_dir("orps-lsp", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            folder / "server.log", maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8"
        )
    except OSError as error:
        logging.getLogger(__name__).warning("No log file: %s", error)
        return
    file.setFormatter(logging.Formatter(_FORMAT))
    logging.getLogger().addHandler(file)
