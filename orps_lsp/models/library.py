"""The model files of this machine: what a name means, where its file is, which one to use."""

from __future__ import annotations

import difflib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from orps_lsp.models.catalog_file import (
    Choice,
    HuggingFace,
    Model,
    Source,
    catalogue,
    is_plain_gguf,
    is_repo,
)
from orps_lsp.models.errors import ModelBusy, ModelError, NotAModelFile, UnknownModel

if TYPE_CHECKING:
    from filelock import FileLock

MAGIC = b"GGUF"
HUB_PREFIX = "hf:"


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """What a name means here.

    ``path`` is where the file is, or will be after a pull. ``model`` is the catalogue's entry, if
    there is one; a user's own file has neither that nor ``sources``.
    """

    name: str
    path: Path
    model: Model | None = None
    sources: tuple[Source, ...] = ()

    @property
    def present(self) -> bool:
        """Whether the file is there: it appears under this name only when whole and checked."""
        return self.path.is_file()


def models_dir() -> Path:
    """Return the folder of the model files; ``ORPS_LSP_MODELS`` names another one."""
    chosen = os.environ.get("ORPS_LSP_MODELS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("orps-lsp", appauthor=False) / "models"


def partial_dir(target: ResolvedModel) -> Path:
    """Return the folder that holds what has arrived of a model so far."""
    return models_dir() / ".partial" / target.path.name


def lock_of(target: ResolvedModel) -> FileLock:
    """Return the lock that whoever writes or removes the model holds.

    Taking it raises ``TimeoutError`` if another process has it.
    """
    from filelock import FileLock  # 5 MiB, which a server that fetches nothing does not need

    folder = models_dir() / ".partial"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{target.path.name}.lock")


def resolve(name: str) -> ResolvedModel:
    """Say what ``name`` means: "auto", a catalogue name, a path, or ``hf:owner/repo/file.gguf``.

    Raises:
        UnknownModel: nothing goes by this name, or the path has no file.
        NotAModelFile: the path's file is no GGUF file.
    """
    if name == "auto":
        return _catalogued(default_model())
    for model in catalogue():
        if model.name == name:
            return _catalogued(model)
    if name.startswith(HUB_PREFIX):
        return _on_hub(name)
    if name.endswith(".gguf") or "/" in name or os.sep in name:
        return _own_file(name)
    near = difflib.get_close_matches(name, [model.name for model in catalogue()], n=1, cutoff=0.4)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise UnknownModel(
        f"There is no model '{name}'.",
        f"{hint}`orps-lsp models list` shows the names; a .gguf path and "
        "hf:owner/repo/file.gguf work too.",
    )


def _catalogued(model: Model) -> ResolvedModel:
    return ResolvedModel(model.name, models_dir() / model.file, model, model.sources)


def _on_hub(name: str) -> ResolvedModel:
    repo, _, file = name.removeprefix(HUB_PREFIX).rpartition("/")
    if not is_repo(repo) or not is_plain_gguf(file):
        raise UnknownModel(
            f"'{name}' does not name a file on Hugging Face.",
            "Write hf:owner/repo/file.gguf, as in "
            "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf.",
        )
    # Another repository's file of the same name is another model.
    path = models_dir() / f"{repo.replace('/', '--')}--{file}"
    return ResolvedModel(name, path, None, (HuggingFace(repo, file),))


def _own_file(name: str) -> ResolvedModel:
    path = Path(name).expanduser().absolute()
    if not path.is_file():
        raise UnknownModel(f"There is no file '{path}'.", "Check the path of the model.")
    if not is_gguf(path):
        raise NotAModelFile(
            f"'{path}' is not a GGUF file.", "orps-lsp runs models in llama.cpp's GGUF format."
        )
    return ResolvedModel(str(path), path)


def is_gguf(path: Path) -> bool:
    """Whether the file begins as every GGUF file does.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise ModelError(f"'{path}' cannot be read: {error.strerror}.") from error


def present() -> tuple[ResolvedModel, ...]:
    """Return the models in :func:`models_dir`: catalogued ones, then those of ``hf:`` names."""
    known = [_catalogued(model) for model in catalogue()]
    files = {target.path for target in known}
    others = [
        ResolvedModel(_hub_name(path), path)
        for path in sorted(models_dir().glob("*.gguf"))
        if path not in files
    ]
    return tuple(target for target in [*known, *others] if target.present)


def _hub_name(path: Path) -> str:
    """Return the ``hf:`` name that leads to ``path``; a file put there by hand goes by its path."""
    owner, _, rest = path.name.partition("--")
    repo, _, file = rest.partition("--")
    name = f"{HUB_PREFIX}{owner}/{repo}/{file}"
    return name if is_repo(f"{owner}/{repo}") and is_plain_gguf(file) else str(path)


def default_model() -> Model:
    """Return the model for "auto".

    That is the largest one already present which fits into this machine's memory, else the largest
    one that may be fetched unasked and suits the machine: physical cores bound how large a model is
    fast enough, and half of the free memory is left to the editor and the tests.
    """
    import psutil  # 5 MiB, which a server whose model is named does not need

    memory = psutil.virtual_memory()
    here = [
        model
        for model in catalogue()
        if model.choice is not Choice.NEVER
        and model.memory_mb << 20 <= memory.total
        and _catalogued(model).present
    ]
    if here:
        return here[-1]
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    automatic = [model for model in catalogue() if model.choice is Choice.AUTOMATIC]
    suited = [
        model
        for model in automatic
        if model.cores <= cores and 2 * model.memory_mb << 20 <= memory.available
    ]
    return (suited or automatic[:1])[-1]


def remove(name: str) -> int:
    """Delete a model's file and whatever a broken download left of it; return the bytes freed.

    Raises:
        UnknownModel: nothing goes by this name.
        ModelError: it is the user's own file, or cannot be deleted.
        ModelBusy: it is being downloaded.
    """
    target = resolve(name)
    if target.path.parent != models_dir():
        raise ModelError(
            f"'{target.path}' is your own file, not one that orps-lsp downloaded.",
            "Delete it yourself if you no longer need it.",
        )
    try:
        with lock_of(target).acquire(timeout=0):
            partial = partial_dir(target)
            files = [file for file in [target.path, *partial.rglob("*")] if file.is_file()]
            freed = sum(file.stat().st_size for file in files)
            target.path.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)
    except TimeoutError as error:
        raise ModelBusy(
            f"'{target.name}' is being downloaded by another process.", "Stop that one first."
        ) from error
    except OSError as error:
        raise ModelError(f"'{target.path}' cannot be deleted: {error.strerror}.") from error
    return freed


def overview() -> list[dict[str, Any]]:
    """Return the catalogue and what else is here as JSON objects, sizes in bytes and MiB."""
    default = default_model().name
    known = [resolve(model.name) for model in catalogue()]
    others = [target for target in present() if target.model is None]
    return [_row(target, target.name == default) for target in [*known, *others]]


def _row(target: ResolvedModel, default: bool) -> dict[str, Any]:
    model = target.model
    size = target.path.stat().st_size if target.present else model.size if model else 0
    return {
        "name": target.name,
        "title": model.title if model else None,
        "licence": model.licence if model else None,
        "parameters_billions": model.parameters if model else None,
        "size_bytes": size,
        "size_exact": target.present or bool(model and model.sha256),
        "memory_mb": model.memory_mb if model else None,
        "present": target.present,
        "default": default,
        "path": str(target.path),
    }
