"""Private directories on disk, which go even if their owner is killed.

The owner keeps a lock on its directory; the kernel drops it when the owner dies, by any death. A
directory that nobody has locked is left over, and the next owner removes it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from orps_lsp.evaluation.sandbox.launch import remove_tree

if sys.platform != "win32":
    import fcntl

_PREFIX = "orps-lsp-"
_NEWBORN_SECONDS = 60  # its owner may be between making and locking it


class PrivateDirectory:
    """An empty directory that only this user can read."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        self._lock = _lock(self.path)

    async def remove(self) -> None:
        """Remove the directory, whatever was made of it. Safe to call twice."""
        await asyncio.to_thread(self.remove_now)

    def remove_now(self) -> None:
        """Do so and block."""
        remove_tree(str(self.path))
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Scratch(PrivateDirectory):
    """A private directory with ``home`` and ``tmp`` in it, for one program to write in."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("home", "tmp"):
            (self.path / name).mkdir()

    def environment(self) -> dict[str, str]:
        """The variables that tell the program where; see :class:`~.protocol.Policy`."""
        places = {"HOME": self.path / "home", "TMPDIR": self.path / "tmp", "SCRATCH": self.path}
        return {name: str(path) for name, path in places.items()}


def sweep() -> None:
    """Remove the directories of this user that dead owners left behind."""
    if sys.platform == "win32":
        return
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            status = path.lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < _NEWBORN_SECONDS:
                continue
            lock = _lock(path)
        except OSError:  # not ours, in use, or gone meanwhile
            continue
        remove_tree(str(path))
        if lock is not None:
            os.close(lock)


def _lock(path: Path) -> int | None:
    """Lock a directory until the descriptor is closed.

    Raises:
        OSError: somebody else has the lock, or it is no directory.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
