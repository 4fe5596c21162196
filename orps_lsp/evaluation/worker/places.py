"""The directories that programs in the sandbox can write: nothing stays there for the next one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Collection, Container, Iterator, Sequence


class Places:
    """The places that the sandbox named in SCRATCH; none, if it named none."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots
        self._own: dict[str, int] = {}  # what stays, with its mode
        self.keep()

    @classmethod
    def from_environment(cls) -> Places:
        """Take the variable, so that the user's code does not see it."""
        named = os.environ.pop("SCRATCH", "")
        return cls([root for root in named.split(":") if root])

    def keep(self) -> None:
        """Let what is there now stay: it is the user's own modules' that were loaded."""
        self._own = {root: os.stat(root).st_mode for root in self._roots}
        for root in self._roots:
            for entry in _walk(root):
                self._own[entry.path] = entry.stat(follow_symlinks=False).st_mode

    def clean(self, in_use: Collection[str]) -> None:
        """Remove what is not to be kept and not in the directories ``in_use``."""
        self._restore()
        for root in self._roots:
            for entry in list(_walk(root, self._own)):
                if entry.path not in self._own and entry.path not in in_use:
                    remove(entry.path)

    def _restore(self) -> None:
        """Bring back directories that were closed, removed, or replaced."""
        for path, mode in self._own.items():
            if not stat.S_ISDIR(mode):
                continue
            if not os.path.isdir(path) or os.path.islink(path):
                remove(path)
                os.mkdir(path)
            os.chmod(path, stat.S_IMODE(mode))

    def usage(self, most_files: int, most_bytes: int) -> tuple[int, int]:
        """Count files and the bytes that they take; stops when one is more than that."""
        files = size = 0
        for root in self._roots:
            for entry in _walk(root):
                with contextlib.suppress(OSError):
                    files += 1
                    size += 512 * entry.stat(follow_symlinks=False).st_blocks
                if files > most_files or size > most_bytes:
                    return files, size
        return files, size


def remove(path: str) -> None:
    """Remove what a hostile program made: perhaps closed, or deeper than Python can follow."""
    with contextlib.suppress(OSError, RecursionError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        if not os.path.lexists(path):
            return
        with contextlib.suppress(OSError):
            subprocess.run(
                [*command, "--", path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )


def _walk(root: str, entered: Container[str] | None = None) -> Iterator[os.DirEntry[str]]:
    """Yield what is in ``root``; of directories, only the ``entered`` ones are gone into."""
    pending = [root]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:  # closed, gone, or its path is too long
            continue
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False) and (entered is None or entry.path in entered):
                pending.append(entry.path)
