"""The models known by name: read once from catalog.toml, and validated as a whole."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from orps_lsp.models.errors import CatalogueError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")


class Choice(str, Enum):
    """When a model may become the default without the user naming it."""

    AUTOMATIC = "automatic"  # may be fetched unasked where it suits the machine
    PRESENT = "present"  # only where the user has fetched it (its licence is for the user to judge)
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A file in a model repository on a Hugging Face hub (``HF_ENDPOINT`` names another hub)."""

    repo: str
    file: str

    label: ClassVar[str] = "Hugging Face"

    def __str__(self) -> str:
        return f"{self.label} ({self.repo})"


@dataclass(frozen=True, slots=True)
class Wheels:
    """A file cut into parts that travel in wheels; ``members[i]`` lies in ``packages[i]``.

    Wheels are data here: they are unpacked, never installed or imported.
    """

    packages: tuple[str, ...]
    members: tuple[str, ...]

    label: ClassVar[str] = "the package index"

    def __str__(self) -> str:
        more = ", ..." if len(self.packages) > 1 else ""
        return f"{self.label} ({self.packages[0]}{more})"


Source = HuggingFace | Wheels


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue.

    ``size`` is in bytes, exact where ``sha256`` is known and rounded otherwise. ``memory_mb`` is
    what the engine needs at run time in MiB: weights, cache and buffers. ``parameters`` is in
    billions. ``cores`` is the number of physical cores from which it is fast enough to search with.
    """

    name: str
    title: str
    licence: str
    file: str
    size: int
    sha256: str | None
    memory_mb: int
    parameters: float
    cores: int
    choice: Choice
    sources: tuple[Source, ...]


@cache
def catalogue() -> tuple[Model, ...]:
    """Return all entries, smallest model first.

    Raises:
        CatalogueError: the catalogue is missing or wrong.
    """
    return parse_catalogue(_catalogue_text())


def _catalogue_text() -> str:
    """Read the copy in the wheel, else the file of the repository (editable installs)."""
    shipped = resources.files("orps_lsp") / "catalog.toml"
    repository = Path(__file__).resolve().parents[2] / "models" / "catalog.toml"
    for candidate in (shipped, repository):
        if candidate.is_file():
            return candidate.read_text(encoding="utf-8")
    raise CatalogueError(
        "The model catalogue is missing from this installation.", "Install orps-lsp again."
    )


def parse_catalogue(text: str) -> tuple[Model, ...]:
    """Turn the text of a catalog.toml into models, smallest first.

    Raises:
        CatalogueError: with the entry and field that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"The model catalogue is not valid TOML: {error}.") from error
    models = tuple(_model(name, _Table(f"[{name}]", entry)) for name, entry in document.items())
    files = [model.file for model in models]
    for model in models:
        if files.count(model.file) > 1:
            raise CatalogueError(f"Model catalogue: '{model.file}' belongs to more than one entry.")
    if not any(model.choice is Choice.AUTOMATIC for model in models):
        raise CatalogueError("Model catalogue: no entry has choice = 'automatic'.")
    return tuple(sorted(models, key=lambda model: model.parameters))


class _Table:
    """A TOML table that knows its place, gives each field once and names what is wrong."""

    def __init__(self, place: str, values: Any) -> None:
        self._place = place
        if not isinstance(values, Mapping):
            raise self.wrong("must be a table")
        self._left = dict(values)

    def wrong(self, what: str) -> CatalogueError:
        return CatalogueError(f"Model catalogue, {self._place}: {what}.")

    def take(self, name: str, kind: type[T], valid: Callable[[T], bool], expected: str) -> T:
        value = self._left.pop(name, None)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or not valid(value):
            raise self.wrong(f"'{name}' must be {expected}, not {value!r}")
        return value

    def optional(
        self, name: str, kind: type[T], valid: Callable[[T], bool], expected: str
    ) -> T | None:
        return self.take(name, kind, valid, expected) if name in self._left else None

    def finish(self) -> None:
        if self._left:
            raise self.wrong(f"unknown field '{next(iter(self._left))}'")


def _model(name: str, table: _Table) -> Model:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) or name == "auto":
        raise table.wrong("a name is lower case letters, digits, '.', '_' and '-', and not 'auto'")
    file = table.take("file", str, is_plain_gguf, "a file name that ends in .gguf")
    sources = table.take("sources", list, bool, "a list of at least one source")
    model = Model(
        name=name,
        title=table.take("title", str, bool, "a text"),
        licence=table.take("licence", str, bool, "a text"),
        file=file,
        size=table.take("size", int, _positive, "a number of bytes"),
        sha256=table.optional("sha256", str, is_sha256, "64 hexadecimal digits"),
        memory_mb=table.take("memory_mb", int, _positive, "a number of MiB"),
        parameters=table.take("parameters", float, _positive, "a number of billions"),
        cores=table.take("cores", int, _positive, "a number of cores"),
        choice=Choice(
            table.take("choice", str, _is_choice, f"one of {', '.join(c.value for c in Choice)}")
        ),
        sources=tuple(
            _source(_Table(f"[{name}], source {place}", source), file)
            for place, source in enumerate(sources, start=1)
        ),
    )
    table.finish()
    if model.sha256 is None and any(isinstance(source, Wheels) for source in model.sources):
        raise table.wrong("a file from wheels needs a 'sha256'")
    return model


def _source(table: _Table, file: str) -> Source:
    kind = table.take("kind", str, bool, "huggingface or wheels")
    source: Source
    if kind == "huggingface":
        source = HuggingFace(table.take("repo", str, is_repo, "owner/name"), file)
    elif kind == "wheels":
        packages = table.take("packages", list, _are_pinned, "a list of name==version")
        members = table.take(
            "members", list, lambda value: _are_texts(value, len(packages)), "one path per package"
        )
        source = Wheels(tuple(packages), tuple(members))
    else:
        raise table.wrong(f"'kind' must be huggingface or wheels, not {kind!r}")
    table.finish()
    return source


def is_plain_gguf(value: str) -> bool:
    """Whether ``value`` is a .gguf file name without any folder."""
    return re.fullmatch(r"[A-Za-z0-9][\w.+-]*\.gguf", value) is not None


def is_repo(value: str) -> bool:
    """Whether ``value`` reads as ``owner/name``."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", value) is not None


def is_sha256(value: str) -> bool:
    """Whether ``value`` is a SHA-256 in lower case hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _positive(value: float) -> bool:
    return value > 0


def _is_choice(value: str) -> bool:
    return value in {choice.value for choice in Choice}


def _are_pinned(value: list[Any]) -> bool:
    # A requirement that begins with "-" would be an option to the installer.
    pinned = r"[A-Za-z0-9][\w.-]*==[0-9][\w.]*"
    return bool(value) and all(isinstance(v, str) and re.fullmatch(pinned, v) for v in value)


def _are_texts(value: list[Any], count: int) -> bool:
    return len(value) == count and all(isinstance(item, str) and item for item in value)
