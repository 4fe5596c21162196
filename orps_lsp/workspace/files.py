"""The source files of a workspace, near ones first, within bounds of number and time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from orps_lsp.evaluation.discovery.reach import NO_SOURCES, TEST_FILES
from orps_lsp.files import FileError
from orps_lsp.files import read as read_source
from orps_lsp.source.errors import SourceSyntaxError
from orps_lsp.source.syntax import Document

MAX_FOLDERS = 4000
MAX_FILES = 4000
MAX_BYTES = 1 << 20  # of one file; what is longer is data or generated

_TEST_FOLDERS = {"test", "tests", "testing"}
_TEST_NAMES = (*TEST_FILES, "conftest.py")


class Deadline:
    """A moment after which no further step is begun."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._end


def sources(workspace: Path, start: Path, deadline: Deadline) -> Iterator[Path]:
    """Yield the workspace's source files but for tests: those beside ``start`` first.

    From each folder outwards to the workspace's, then inwards level by level; links to folders are
    not followed. Ends at the deadline.
    """
    found = 0
    for folder in _folders(workspace, start, deadline):
        for path in _python_files(folder):
            if deadline.is_over or found >= MAX_FILES:
                return
            found += 1
            yield path


def _folders(workspace: Path, start: Path, deadline: Deadline) -> Iterator[Path]:
    pending = [folder for folder in start.parents if folder.is_relative_to(workspace)]
    seen = set(pending)
    count = 0
    while pending and count < MAX_FOLDERS and not deadline.is_over:
        folder = pending.pop(0)
        count += 1
        yield folder
        inner = [path for path in _subfolders(folder) if path not in seen]
        seen.update(inner)
        pending += inner


def _subfolders(folder: Path) -> list[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        folder / entry.name
        for entry in entries
        if entry.is_dir(follow_symlinks=False)
        and entry.name not in NO_SOURCES | _TEST_FOLDERS
        and not entry.name.startswith(".")
        and not (folder / entry.name / "pyvenv.cfg").exists()
    ]


def _python_files(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
    return [folder / name for name in names if name.endswith(".py") and not is_test(folder / name)]


def is_test(path: Path) -> bool:
    """Whether a file is one of tests, by its name or that of its folder."""
    by_name = any(fnmatch(path.name, pattern) for pattern in _TEST_NAMES)
    return by_name or path.parent.name in _TEST_FOLDERS


def is_own(path: Path, workspace: Path) -> bool:
    """Whether a file is the workspace's own, and not installed somewhere in it."""
    if not path.is_relative_to(workspace):
        return False
    folders = path.relative_to(workspace).parts[:-1]
    return NO_SOURCES.isdisjoint(folders) and not any(part.startswith(".") for part in folders)


def document(path: Path) -> Document | None:
    """Read and parse a file; None if it cannot be, or is too long to be worth it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return Document(read_source(path).text)
    except (OSError, FileError, SourceSyntaxError):
        return None
