"""What can go wrong with model files."""

from __future__ import annotations

from orps_lsp.errors import OrpsError


class ModelError(OrpsError):
    """Something about a model file, its catalogue entry or its download."""


class CatalogueError(ModelError):
    """The catalogue itself is missing or says something impossible."""


class UnknownModel(ModelError):
    """No catalogue entry, file or repository goes by this name."""


class NotAModelFile(ModelError):
    """The file exists and is no GGUF file."""


class ModelBusy(ModelError):
    """Another process is downloading this model."""


class DownloadError(ModelError):
    """No source could deliver the file; the message has one line for each."""


class HashMismatch(DownloadError):
    """A source delivered another file than the one that was asked for; it was thrown away."""


class DownloadCancelled(ModelError):
    """The caller's event ended the download; the next pull goes on from here."""


class DiskFull(ModelError):
    """There is not enough room for the download; the message has the numbers."""
