"""What can be said of a version before it runs: from a model's answer to a module to test. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from orps_lsp.evaluation.static import Complexity, complexity, screen
from orps_lsp.source.completion import with_known_imports
from orps_lsp.source.extract import extract, fingerprint
from orps_lsp.source.locate import Function, SourceError
from orps_lsp.source.splice import splice


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was read. ``reason`` says why it must not run; without one it may.

    ``fingerprint`` is the same for versions that differ in nothing but their looks; it is empty,
    as are ``module`` and ``complexity``, where the answer held no version.
    """

    code: str
    reason: str = ""
    fingerprint: str = ""
    module: str = ""
    complexity: Complexity | None = None


def read(answer: str, source: str, function: Function) -> Version:
    """Find the version in an answer, put it into the module, screen it."""
    try:
        code = with_known_imports(extract(answer, function), source)
        spliced = splice(source, function.qualname, code)
    except SourceError as error:
        return Version(answer, error.message)
    print_of = fingerprint(code)
    if reason := screen(source, spliced.text, function.qualname):
        return Version(code, reason, print_of)
    return Version(code, "", print_of, spliced.text, complexity(spliced.function_text))
