"""The workspace as it was at one moment, so that what is saved during a search changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orps_lsp.evaluation.sandbox.scratch import PrivateDirectory, sweep

MOST_FILES = 20_000
MOST_BYTES = 256 * 1024 * 1024

# What tools keep beside the code; no test reads it.
_LEFT_OUT = frozenset(
    {
        *(".git", ".hg", ".svn", ".jj", "__pycache__", ".ipynb_checkpoints"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".pytype"),
    }
)
# Other people's code: large, and not what an editor saves. Seen as it is.
_FOREIGN = frozenset(
    {"node_modules", "bower_components", "site-packages", ".tox", ".nox", ".direnv"}
)
_FOREIGN_IF_IN_IT = ("pyvenv.cfg", "conda-meta")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A directory, file or symbolic link of the workspace, by its path from there."""

    path: str
    status: os.stat_result
    foreign: bool = False

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


class _TooLarge(Exception):
    """The workspace has more than may be copied."""


@dataclass(slots=True)
class Snapshot:
    """The files of a workspace, copied where the sandbox can show a copy in their place.

    ``root`` is the copy, None where there is none: then :meth:`changed` tells whether the files are
    still the same. ``files`` and ``bytes`` count what was read, ``digest`` is the SHA-256 of its
    paths and contents, empty if it was too much; ``notes`` are sentences for the user.
    """

    workspace: Path
    root: Path | None = None
    files: int = 0
    bytes: int = 0
    digest: str = ""
    notes: tuple[str, ...] = ()
    _foreign: list[str] = field(default_factory=list)
    _stamps: dict[str, tuple[int, int]] = field(default_factory=dict)
    _owned: PrivateDirectory | None = None

    @classmethod
    async def take(cls, workspace: Path, *, copy: bool) -> Snapshot:
        """Read the workspace in a thread; with ``copy`` into a directory of the snapshot's own."""
        taken: list[Snapshot] = []
        abandoned = threading.Event()

        def work() -> None:
            taken.append(_take(workspace, copy))
            if abandoned.is_set():
                taken[0]._remove()

        try:
            await asyncio.to_thread(work)
        except asyncio.CancelledError:  # which does not end the thread
            abandoned.set()
            for snapshot in taken:
                snapshot._remove()
            raise
        return taken[0]

    @property
    def replaced(self) -> Mapping[Path, Path]:
        """What a sandbox shows in place of the workspace: :attr:`Policy.replaced`."""
        if self.root is None:
            return {}
        workspace = self.workspace.resolve()
        live = {workspace / path: workspace / path for path in self._foreign}
        return {workspace: self.root, **live}

    def changed(self, except_for: Path) -> bool:
        """Say whether files that the sandbox shows are no longer what they were; blocks.

        ``except_for`` is not looked at: the target's own text does not come from the disk.
        """
        if self.root is not None or not self._stamps:
            return False
        spared = {os.path.relpath(except_for, self.workspace): (0, 0)}
        try:
            return {**_stamps(_limited(self.workspace)), **spared} != {**self._stamps, **spared}
        except _TooLarge:
            return True

    async def remove(self) -> None:
        """Remove the copy. Safe to call twice."""
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.remove_now()


def _take(workspace: Path, copy: bool) -> Snapshot:
    sweep()
    snapshot = Snapshot(workspace)
    try:
        entries = list(_limited(workspace))
    except _TooLarge:
        snapshot.notes = (
            f"The workspace has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB, so it is "
            "not copied: candidates see what is saved meanwhile.",
        )
        return snapshot
    snapshot._stamps = _stamps(entries)
    snapshot._foreign = [entry.path for entry in entries if entry.foreign]
    owned = PrivateDirectory() if copy else None
    try:
        root = owned.path / "workspace" if owned else None
        snapshot.digest = _read(workspace, entries, root, snapshot)
    except BaseException as error:
        if owned is not None:
            owned.remove_now()
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        snapshot.notes = (f"The workspace could not be copied ({reason}): candidates see it live.",)
        return snapshot
    snapshot.root, snapshot._owned = root, owned
    return snapshot


def _limited(workspace: Path) -> Iterator[_Entry]:
    """Yield what is in the workspace, directories before what is in them, in a fixed order.

    Raises:
        _TooLarge: it is more than the limits.
    """
    size = 0
    for files, entry in enumerate(_walk(workspace, "")):
        size += entry.status.st_size if stat.S_ISREG(entry.status.st_mode) else 0
        if files >= MOST_FILES or size > MOST_BYTES:
            raise _TooLarge
        yield entry


def _walk(workspace: Path, path: str) -> Iterator[_Entry]:
    directory = workspace / path
    try:
        names = sorted(os.listdir(directory))  # noqa: PTH208
        status = directory.stat()
    except OSError:  # not ours to read, or gone meanwhile
        return
    foreign = bool(path) and (
        directory.name in _FOREIGN or any(name in names for name in _FOREIGN_IF_IN_IT)
    )
    yield _Entry(path, status, foreign)
    for name in names if not foreign else ():
        if name in _LEFT_OUT:
            continue
        inner = f"{path}/{name}" if path else name
        try:
            status = (workspace / inner).lstat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(workspace, inner)
        elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            yield _Entry(inner, status)


def _stamps(entries: Iterable[_Entry]) -> dict[str, tuple[int, int]]:
    """Return size and time of every file, by its path."""
    files = (entry for entry in entries if not entry.is_directory)
    return {entry.path: (entry.status.st_size, entry.status.st_mtime_ns) for entry in files}


def _read(workspace: Path, entries: list[_Entry], root: Path | None, snapshot: Snapshot) -> str:
    """Copy to ``root``, if there is one; return the digest of all paths and contents.

    Raises:
        OSError: the copy cannot be written.
    """
    total = hashlib.sha256()
    for entry in entries:
        source = workspace / entry.path
        target = root / entry.path if root is not None else None
        if entry.is_directory:
            if target is not None:
                target.mkdir()
            continue
        content = _content(source, entry)
        if content is None:
            continue
        total.update(f"{entry.path}\0{len(content)}\0".encode(errors="surrogateescape"))
        total.update(content)
        snapshot.files += 1
        snapshot.bytes += len(content)
        if target is not None:
            _write(target, content, entry)
    if root is not None:
        for entry in entries:  # last: each file that is made in a directory changes its time
            if entry.is_directory:
                _set_times(root / entry.path, entry)
    return total.hexdigest()


def _content(source: Path, entry: _Entry) -> bytes | None:
    """Return a file's bytes or a link's target; None if it cannot be read."""
    try:
        if stat.S_ISLNK(entry.status.st_mode):
            return os.fsencode(os.readlink(source))  # noqa: PTH115 - Path would tidy it
        return source.read_bytes()
    except OSError:
        return None


def _write(target: Path, content: bytes, entry: _Entry) -> None:
    if stat.S_ISLNK(entry.status.st_mode):
        target.symlink_to(os.fsdecode(content))
        return
    target.write_bytes(content)
    target.chmod(entry.status.st_mode & 0o777)
    _set_times(target, entry)


def _set_times(target: Path, entry: _Entry) -> None:
    os.utime(target, ns=(entry.status.st_atime_ns, entry.status.st_mtime_ns))
