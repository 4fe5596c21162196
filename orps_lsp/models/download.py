"""Pulling a model: source after source, checked as a whole, then put in place in one step."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from orps_lsp.models import sources
from orps_lsp.models.errors import (
    DiskFull,
    DownloadCancelled,
    DownloadError,
    HashMismatch,
    ModelError,
)
from orps_lsp.models.library import (
    ResolvedModel,
    is_gguf,
    lock_of,
    models_dir,
    partial_dir,
    resolve,
)

LOCK_POLL_SECONDS = 0.2
ADVICE = (
    "Check the network and proxy settings, then run `orps-lsp models pull {name}` again (it goes "
    "on where it stopped), or set `model` to the path of a .gguf file."
)


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is. ``done`` and ``total`` are bytes of ``phase``; a total of 0 is unknown.

    ``phase`` is one of "waiting" (for another process's download), "asking", "downloading",
    "joining", "verifying".
    """

    model: str
    source: str
    phase: str
    done: int
    total: int


Listener = Callable[[PullProgress], None]


def _ignore(progress: PullProgress) -> None:
    """Listen to nothing."""


def pull(name: str, progress: Listener = _ignore, cancelled: threading.Event | None = None) -> Path:
    """Download a model if it is not there yet, and return its file. Blocks: call it in a thread.

    The file appears under its name only when it is whole and its hash is right. A pull that is
    broken off, by an error, ``cancelled`` or the end of the process, goes on with the next one.

    Raises:
        UnknownModel, NotAModelFile: as :func:`resolve`.
        DownloadError: no source delivered; HashMismatch if one delivered something else.
        DiskFull: there is no room for it.
        DownloadCancelled: ``cancelled`` was set.
    """
    target = resolve(name)
    if target.present:
        return target.path
    job = _Pull(target, progress, cancelled or threading.Event())
    try:
        with job.lock():
            if not target.present:  # another process may just have finished it
                job.run()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise job.disk_full(None) from error
        raise ModelError(
            f"'{models_dir()}' cannot be written: {error.strerror or error}.",
            "Set ORPS_LSP_MODELS to a folder that you can write to.",
        ) from error
    return target.path


class _Pull:
    """One pull under way; the sources see it as their :class:`sources.Transfer`."""

    def __init__(
        self, target: ResolvedModel, listener: Listener, cancelled: threading.Event
    ) -> None:
        self.target = target
        self.root = partial_dir(target)
        self.folder = self.root
        self._listener = listener
        self._cancelled = cancelled
        self._source = ""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Wait until no other process is at the same model."""
        lock = lock_of(self.target)
        while True:
            try:
                lock.acquire(timeout=LOCK_POLL_SECONDS)
                break
            except TimeoutError:
                self.report("waiting", 0, 0)
        try:
            yield
        finally:
            lock.release()

    def run(self) -> None:
        model = self.target.model
        reasons: list[str] = []
        mismatch = False
        for place, source in enumerate(self.target.sources):
            self._source = source.label
            self.folder = self.root / str(place)
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                fetched = sources.fetch(
                    source,
                    model.size if model else 0,
                    model.sha256 if model else None,
                    self,
                )
                self._verify(fetched)
            except sources.SourceFailed as error:
                reasons.append(f"{source}: {str(error).rstrip('.')}.")
            except sources.NoSpace as error:
                raise self.disk_full(None) from error
            except HashMismatch as error:
                mismatch = True
                reasons.append(f"{source}: {error.message}.")
            else:
                self._put_in_place(fetched.path)
                return
        kind = HashMismatch if mismatch else DownloadError
        raise kind(
            "\n  ".join([f"'{self.target.name}' could not be downloaded.", *reasons]),
            ADVICE.format(name=self.target.name),
        )

    def report(self, phase: str, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise DownloadCancelled(
                f"The download of '{self.target.name}' was cancelled.",
                "The next pull goes on where it stopped.",
            )
        self._listener(PullProgress(self.target.name, self._source, phase, done, total))

    def require(self, size: int) -> None:
        missing = size - sources.size_of_folder(self.folder)
        if missing > shutil.disk_usage(self.folder).free:
            raise self.disk_full(missing)

    def disk_full(self, missing: int | None) -> DiskFull:
        free = shutil.disk_usage(models_dir()).free
        model = self.target.model
        if missing is None and model:
            missing = max(model.size - sources.size_of_folder(self.folder), 0)
        needs = f"needs {decimal(missing)} more" if missing else "does not fit"
        return DiskFull(
            f"'{self.target.name}' {needs} in '{models_dir()}', where {decimal(free)} are free.",
            "Free some space, or set ORPS_LSP_MODELS to a folder on a larger disk; "
            "the next pull goes on where this one stopped.",
        )

    def _verify(self, fetched: sources.Fetched) -> None:
        """Check form, size and hash; what is wrong is thrown away, since no part can be trusted."""
        fault = self._fault(fetched)
        if fault:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise HashMismatch(fault)

    def _fault(self, fetched: sources.Fetched) -> str:
        size = fetched.path.stat().st_size
        if not is_gguf(fetched.path):
            return "what it delivered is not a GGUF file, and was thrown away"
        if fetched.size is not None and size != fetched.size:
            return f"it delivered {size} bytes instead of {fetched.size}; they were thrown away"
        model = self.target.model
        expected = model.sha256 if model and model.sha256 else fetched.sha256
        if expected is None:
            return ""
        digest = hashlib.sha256()
        with fetched.path.open("rb") as file:
            while chunk := file.read(sources.CHUNK):
                digest.update(chunk)
                self.report("verifying", file.tell(), size)
        actual = digest.hexdigest()
        if actual != expected:
            return (
                f"what it delivered has the wrong SHA-256 ({actual[:12]}... instead of "
                f"{expected[:12]}...), and was thrown away"
            )
        return ""

    def _put_in_place(self, part: Path) -> None:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(self.target.path)
        shutil.rmtree(self.root, ignore_errors=True)
