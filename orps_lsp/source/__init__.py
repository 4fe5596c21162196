"""Find a function, see what it uses, take new versions of it in: pure, without I/O."""

from orps_lsp.source.context import Context, Piece, collect
from orps_lsp.source.diff import LineEdit, line_edits, unified
from orps_lsp.source.errors import (
    CandidateRejected,
    FunctionNotFound,
    NoCode,
    NotRefinable,
    SourceError,
    SourceSyntaxError,
)
from orps_lsp.source.extract import extract, fingerprint
from orps_lsp.source.locate import Function, check_refinable, digest, find, find_at, functions

__all__ = [
    "CandidateRejected",
    "Context",
    "Function",
    "FunctionNotFound",
    "LineEdit",
    "NoCode",
    "NotRefinable",
    "Piece",
    "SourceError",
    "SourceSyntaxError",
    "check_refinable",
    "collect",
    "digest",
    "extract",
    "find",
    "find_at",
    "fingerprint",
    "functions",
    "line_edits",
    "unified",
]
