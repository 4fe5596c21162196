"""Load a given text instead of one file's contents, however the file gets imported.

Nothing is written: no stale ``.pyc`` can stand in for the text, and the user's file stays as it is.
"""

from __future__ import annotations

import ast
import importlib.machinery
import linecache
import os
import sys
from typing import Any, Callable

Transform = Callable[[ast.Module], ast.Module]


class Substitution:
    """Compiles ``text``, after ``transform``, where Python would load ``file``.

    Python's own loader is taught this, so that src layouts, namespace packages, editable installs
    and loading by path all get the text. ``loads`` counts how often that happened.
    """

    def __init__(self, file: str, text: str, transform: Transform) -> None:
        self.path = os.path.realpath(file)
        self.text = text
        self.loads = 0
        self._transform = transform
        self._name = os.path.basename(self.path)
        self._searching = False

    def install(self) -> None:
        loader = importlib.machinery.SourceFileLoader
        original = loader.get_code

        def get_code(this: Any, fullname: str) -> Any:
            path = this.get_filename(fullname)
            return self._compile(path) if self.covers(path) else original(this, fullname)

        # Patched, not subclassed: pytest and others make loaders of this very class.
        loader.get_code = get_code  # type: ignore[assignment, method-assign]
        self._quote()
        self.move_to_front()

    def replace(self, text: str, transform: Transform) -> None:
        """Load another text from now on."""
        self.text = text
        self._transform = transform
        self._quote()

    def _quote(self) -> None:
        """Let tracebacks and failed asserts quote the text that runs."""
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.path] = (len(self.text), None, lines, self.path)

    def covers(self, path: str) -> bool:
        return os.path.basename(path) == self._name and os.path.realpath(path) == self.path

    def _compile(self, path: str) -> Any:
        try:
            tree = self._transform(ast.parse(self.text, path))
            code = compile(tree, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            error.text = linecache.getline(self.path, error.lineno or 0)  # not the disk's line
            raise
        self.loads += 1
        return code

    def move_to_front(self) -> None:
        """Go before pytest's import hook, which would read test modules from the disk itself."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any | None:
        """Claim the file for Python's loader (a meta path finder's method)."""
        stem = name.rpartition(".")[2]
        if self._searching or stem not in self.path:
            return None
        self._searching = True
        try:
            spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        finally:
            self._searching = False
        if spec is not None and spec.origin is not None and self.covers(spec.origin):
            return spec
        return None
