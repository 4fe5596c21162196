"""Python source files as people keep them: encoding, BOM and line endings survive a round trip."""

from __future__ import annotations

import io
import os
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path

from orps_lsp.errors import OrpsError


class FileError(OrpsError):
    """A source file cannot be read or written."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's text with its own line endings, and what is needed to write it back."""

    path: Path
    text: str
    encoding: str
    raw: bytes


def read(path: Path) -> SourceFile:
    """Read by the file's BOM or coding line (PEP 263).

    Raises:
        FileError: there is no such file, or it is no text in its encoding.
    """
    try:
        raw = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return SourceFile(path, raw.decode(encoding), encoding, raw)
    except FileNotFoundError:
        raise FileError(f"{path} does not exist.") from None
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}.") from error


def write(file: SourceFile, text: str) -> None:
    """Replace the file's text at once or not at all; its permissions stay.

    Raises:
        FileError: the file changed since it was read, or cannot be written.
    """
    try:
        if file.path.read_bytes() != file.raw:
            raise FileError(
                f"{file.path} changed while the search ran; nothing was written.", "Run it again."
            )
        path = file.path.resolve()  # a symbolic link stays one
        mode = path.stat().st_mode
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as temporary:
                temporary.write(text.encode(file.encoding))
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeEncodeError) as error:
        raise FileError(f"{file.path} cannot be written: {error}.") from error
