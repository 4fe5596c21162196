"""Model files: which there are, where they are, how they get here.

The catalogue (models/catalog.toml) names models and their sources; :func:`resolve` says what a name
means, :func:`pull` brings its file here. No network library is loaded into the caller's process:
downloads run in a child process, and without a pull no socket is opened.
"""

from __future__ import annotations

from orps_lsp.models.catalog_file import Choice, HuggingFace, Model, Source, Wheels, catalogue
from orps_lsp.models.download import PullProgress, pull
from orps_lsp.models.errors import (
    CatalogueError,
    DiskFull,
    DownloadCancelled,
    DownloadError,
    HashMismatch,
    ModelBusy,
    ModelError,
    NotAModelFile,
    UnknownModel,
)
from orps_lsp.models.library import (
    ResolvedModel,
    default_model,
    models_dir,
    overview,
    present,
    remove,
    resolve,
)

__all__ = [
    "CatalogueError",
    "Choice",
    "DiskFull",
    "DownloadCancelled",
    "DownloadError",
    "HashMismatch",
    "HuggingFace",
    "Model",
    "ModelBusy",
    "ModelError",
    "NotAModelFile",
    "PullProgress",
    "ResolvedModel",
    "Source",
    "UnknownModel",
    "Wheels",
    "catalogue",
    "default_model",
    "models_dir",
    "overview",
    "present",
    "pull",
    "remove",
    "resolve",
]
