"""Which files of a workspace can reach a module by imports: in a large suite only those run.

Errs on the side of running too much: a name stands for every file that could be imported by it
from some folder, so that src layouts, namespace packages, changed paths and editable installs need
not be understood, and a file that loads what its text does not tell may reach anything.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from orps_lsp.evaluation.discovery import imports
from orps_lsp.evaluation.discovery.imports import Imports

MANY_TEST_FILES = 20  # fewer are run whole: that is soon done
MAX_FILES = 20_000
NO_SOURCES = {"__pycache__", "node_modules", "site-packages", ".git", ".hg", ".tox", ".nox"}
TEST_FILES = ("test*.py", "*_test.py")

_CONFIGURATIONS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_PACKAGING = (*_CONFIGURATIONS, "setup.py")
_PLUGIN = re.compile(r"-p[\s\"',=]*([\w.]+)")
_PATTERNS = re.compile(r"python_files\s*=((?:.*\n)(?:[ \t\"'].*\n)*)")


@dataclass(frozen=True, slots=True)
class Scope:
    """``files`` may be collected; ``left_out`` of the ``tests`` test files cannot reach it."""

    files: tuple[str, ...]
    tests: int
    left_out: int

    @property
    def note(self) -> str:
        return (
            f"{self.left_out} of {self.tests} test files cannot reach the function's module "
            "and were not run."
        )


def scope(workspace: Path, target: Path) -> Scope | None:
    """Return which files to collect tests from; None: from all, because it cannot be said.

    Reads and parses every source file of the workspace if there are many test files.
    """
    root, target = workspace.resolve(), target.resolve()
    found = _sources(root)
    if found is None or target not in found:
        return None
    configuration = _read(root, _PACKAGING)
    patterns = _test_patterns(configuration)
    tests = {path for path in found if any(fnmatch(path.name, each) for each in patterns)}
    if len(tests) <= MANY_TEST_FILES or "pytest11" in configuration:
        return None  # few; or the project is a plugin of pytest's: then every test loads it
    plugins = Imports(names=set(_PLUGIN.findall(configuration)))
    reaching = _reaching(root, found, tests, target, plugins)
    if not tests & reaching:
        return None
    files = tuple(sorted(str(path) for path in reaching))
    return Scope(files, len(tests), len(tests - reaching))


def _sources(root: Path) -> frozenset[Path] | None:
    """Return the workspace's source files; None if there are too many, or linked folders."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name not in NO_SOURCES and not (here / name / "pyvenv.cfg").exists()
        ]
        if any((here / name).is_symlink() for name in folders) or len(found) > MAX_FILES:
            return None
        found += [here / name for name in files if name.endswith(".py")]
    return frozenset(found)


def _read(root: Path, names: Iterable[str]) -> str:
    texts = []
    for name in names:
        path = root / name
        if path.is_file():
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts) + "\n"


def _test_patterns(configuration: str) -> tuple[str, ...]:
    own = [
        word.strip("\"'[],")
        for match in _PATTERNS.findall(configuration)
        for word in re.split(r"[\s,]+", match)
    ]
    return (*TEST_FILES, *(f"{word}" if "*" in word else f"{word}*" for word in own if word))


def _reaching(
    root: Path, found: frozenset[Path], tests: set[Path], target: Path, plugins: Imports
) -> set[Path]:
    """Return the files from which ``target``, or a file that may load anything, can be reached."""
    index = _Index(root, found)
    importers: dict[Path, set[Path]] = defaultdict(set)
    everywhere = set(index.imported(root / "conftest.py", plugins))
    start = {target}
    for path in found:
        read = _imports_of(path)
        if read.opaque:
            start.add(path)
        edges = {*index.imported(path, read), *index.packages(path)}
        if path in tests:
            edges |= everywhere | set(index.conftests(path))
        for imported in edges:
            importers[imported].add(path)
    return _closure(start, importers)


def _imports_of(path: Path) -> Imports:
    try:
        return imports.read(path.read_bytes())
    except OSError:
        return Imports(opaque=True)


def _closure(start: set[Path], importers: Mapping[Path, set[Path]]) -> set[Path]:
    reached = set(start)
    pending = list(start)
    while pending:
        for path in importers.get(pending.pop(), ()):
            if path not in reached:
                reached.add(path)
                pending.append(path)
    return reached


class _Index:
    """The workspace's files by the names that they could be imported by."""

    def __init__(self, root: Path, files: frozenset[Path]) -> None:
        self._root = root
        self._files = files
        self._by_name: dict[str, set[Path]] = defaultdict(set)
        for path in files:
            parts = list(path.relative_to(root).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            name = ""
            for part in reversed(parts):
                if not part.isidentifier():
                    break
                name = f"{part}.{name}" if name else part
                self._by_name[name].add(path)

    def imported(self, path: Path, found: Imports) -> Iterator[Path]:
        """Yield the files that ``path`` may load by its imports."""
        for name in found.names:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                yield from self._named(".".join(parts[:end]))
        for level, name in found.relative:
            folder = path.parents[level - 1] if level <= len(path.parents) else self._root
            for part in name.split("."):
                yield from self._modules(folder, part)
                folder = folder / part

    def _named(self, name: str) -> Iterable[Path]:
        found = self._by_name.get(name, set())
        if name in sys.stdlib_module_names:  # package/types.py does not stand in for types
            return [path for path in found if not self._is_packaged(path)]
        return found

    def _is_packaged(self, path: Path) -> bool:
        folder = path.parent.parent if path.name == "__init__.py" else path.parent
        return folder / "__init__.py" in self._files

    def _modules(self, folder: Path, name: str) -> Iterator[Path]:
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path in self._files:
                yield path

    def packages(self, path: Path) -> Iterator[Path]:
        """Yield the packages that are loaded before ``path`` is."""
        for folder in path.parents:
            package = folder / "__init__.py"
            if package not in self._files:
                return
            yield package

    def conftests(self, path: Path) -> Iterator[Path]:
        """Yield the conftest files that pytest loads for ``path``."""
        for folder in path.parents:
            if folder / "conftest.py" in self._files:
                yield folder / "conftest.py"
            if folder == self._root:
                return
