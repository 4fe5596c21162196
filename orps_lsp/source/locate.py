"""Find the functions of a file, and say which of them can be refined."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orps_lsp.source.errors import (
    FunctionNotFound,
    NotRefinable,
    SourceError,
    SourceSyntaxError,
)
from orps_lsp.source.syntax import (
    Document,
    Site,
    docstring_node,
    first_line,
    is_stub,
    last_line,
    last_name,
    sites,
    split_lines,
)

__all__ = [
    "Function",
    "FunctionNotFound",
    "NotRefinable",
    "SourceError",
    "SourceSyntaxError",
    "bound",
    "bound_site",
    "check_refinable",
    "describe",
    "digest",
    "find",
    "find_at",
    "functions",
    "is_generated",
    "meant_site",
    "refusal",
    "site_of",
]

_GENERATED_MARKS = ("@generated", "do not edit")
_GENERATED_WITHIN = 10  # first lines of a file in which such a mark counts
_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Function:
    """A named function of a file. Lines are 1-based; ``text`` and ``header`` have LF line ends."""

    qualname: str  # "Class.method", "outer.inner" (no "<locals>")
    name: str
    start_line: int  # of the first decorator, or of the def
    def_line: int
    end_line: int  # inclusive
    indent: str  # leading whitespace of the def line
    text: str  # decorators to end, dedented
    header: str  # "def f(a: int, b=1) -> str:", dedented, without decorators
    docstring: str | None
    is_async: bool
    is_method: bool  # defined directly in a class
    is_stub: bool  # nothing but docstring, pass, ..., raise NotImplementedError
    is_abstract: bool  # an abstract method, or a member of a protocol
    is_overload: bool
    decorators: tuple[str, ...]  # their expressions, without "@"


def functions(source: str) -> tuple[Function, ...]:
    """Return all named functions of a file at any nesting, in its order.

    Raises:
        SourceSyntaxError: the file does not parse.
    """
    document = Document(source)
    return tuple(describe(document, site) for site in sites(document.tree))


def find(source: str, qualname: str) -> Function:
    """Return the function that ``qualname`` names once the module has run.

    Of several definitions (branches, property accessors, overloads) that is the last one that is
    not an ``@overload``.

    Raises:
        SourceSyntaxError: the file does not parse.
        FunctionNotFound: there is none; near names are in the advice.
        NotRefinable: the name is that of a lambda.
    """
    document = Document(source)
    return describe(document, bound_site(document.tree, qualname))


def find_at(source: str, line: int, column: int = 0) -> Function | None:
    """Return the innermost function whose lines, decorators included, hold a 1-based line.

    ``column`` counts code points from 0; it only matters where no named function is.

    Raises:
        SourceSyntaxError: the file does not parse.
        NotRefinable: there is nothing but a lambda.
    """
    document = Document(source)
    around = [
        site
        for site in sites(document.tree)
        if first_line(site.node) <= line <= last_line(site.node)
    ]
    if around:
        return describe(document, around[-1])
    if _lambda_at(document, line, column):
        raise _lambda_refused("The function here")
    return None


def check_refinable(source: str, function: Function) -> None:
    """Refuse what a refined version of would be lost, ignored or never called.

    Raises:
        NotRefinable: with the reason.
        SourceSyntaxError: the file does not parse.
        FunctionNotFound: the file no longer has the function.
    """
    everything = functions(source)
    key = (function.qualname, function.def_line)
    if key not in {(item.qualname, item.def_line) for item in everything}:
        raise _not_found(function.qualname, [item.qualname for item in everything])
    generated = is_generated(split_lines(source))
    reason = refusal(function, bound(everything, function.qualname), generated)
    if reason:
        raise reason


def is_generated(lines: Sequence[str]) -> bool:
    """Whether a file says near its top that it is generated."""
    head = "".join(lines[:_GENERATED_WITHIN]).lower()
    return any(mark in head for mark in _GENERATED_MARKS)


def refusal(function: Function, counts: Function | None, generated: bool) -> NotRefinable | None:
    """Say why a version of it would be of no use; ``counts`` is what :func:`bound` returns."""
    if generated:
        return NotRefinable(
            "The file says that it is generated.",
            "Change what generates it: an edit here would be overwritten.",
        )
    name = function.qualname
    if function.is_overload:
        return NotRefinable(
            f"This '{name}' is an @overload, a signature without a body.",
            "Refine the implementation behind the overloads.",
        )
    if counts and counts.def_line != function.def_line:
        return NotRefinable(
            f"'{name}' is defined again on line {counts.def_line}, and that definition counts.",
            "Refine the last definition, or give the two different names.",
        )
    if function.is_stub and function.is_abstract:
        return NotRefinable(
            f"'{name}' is abstract: it has no body by intention.",
            "Refine an implementation of it.",
        )
    return None


def bound(everything: Iterable[Function], qualname: str) -> Function | None:
    """Return the function that ``qualname`` names once the module has run, as :func:`find` does."""
    same = [item for item in everything if item.qualname == qualname]
    bodies = [item for item in same if not item.is_overload]
    return next(reversed(bodies or same), None)


def digest(function: Function) -> str:
    """Return a stable hash of the function's text, to see whether it changed."""
    return hashlib.sha256(function.text.encode(errors="surrogatepass")).hexdigest()


def bound_site(tree: ast.Module, qualname: str) -> Site:
    """Return the definition that ``qualname`` is bound to at the end.

    Raises:
        FunctionNotFound, NotRefinable: as :func:`find`.
    """
    everything = sites(tree)
    same = [site for site in everything if site.qualname == qualname]
    if same:
        return next((site for site in reversed(same) if not site.is_overload), same[-1])
    name = qualname.rpartition(".")[2]
    if any(_is_lambda_called(node, name) for node in ast.walk(tree)):
        raise _lambda_refused(f"'{qualname}'")
    raise _not_found(qualname, [site.qualname for site in everything])


def site_of(tree: ast.Module, function: Function) -> Site:
    """Return the definition that ``function`` was made from.

    Raises:
        FunctionNotFound: the tree has no such function on that line.
    """
    everything = sites(tree)
    for site in everything:
        if site.node.lineno == function.def_line and site.qualname == function.qualname:
            return site
    raise _not_found(function.qualname, [site.qualname for site in everything])


def describe(document: Document, site: Site) -> Function:
    """Return what is known of the function defined at ``site``."""
    node = site.node
    start, end = first_line(node), last_line(node)
    return Function(
        qualname=site.qualname,
        name=node.name,
        start_line=start,
        def_line=node.lineno,
        end_line=end,
        indent=document.indent(node.lineno),
        text=document.block(start, end, docstring_node(node)),
        header=document.header(node),
        docstring=ast.get_docstring(node),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        is_method=site.is_method,
        is_stub=is_stub(node),
        is_abstract=_is_abstract(site),
        is_overload=site.is_overload,
        decorators=tuple(ast.unparse(decorator) for decorator in node.decorator_list),
    )


def _is_abstract(site: Site) -> bool:
    """Whether the function is an abstract method or a member of a protocol."""
    if any(last_name(decorator).startswith("abstract") for decorator in site.node.decorator_list):
        return True
    parent = site.parents[-1] if site.parents else None
    return isinstance(parent, ast.ClassDef) and "Protocol" in map(last_name, parent.bases)


def _is_lambda_called(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        return any(last_name(target) == name for target in node.targets)
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Lambda)
        and last_name(node.target) == name
    )


def _lambda_at(document: Document, line: int, column: int) -> bool:
    for statement in document.tree.body:
        if not first_line(statement) <= line <= last_line(statement):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Lambda) and node.end_lineno and node.end_col_offset:
                start = (node.lineno, document.characters(node.lineno, node.col_offset))
                end = (node.end_lineno, document.characters(node.end_lineno, node.end_col_offset))
                if start <= (line, column) <= end:
                    return True
    return False


def _lambda_refused(what: str) -> NotRefinable:
    return NotRefinable(f"{what} is a lambda.", "Write it as a def with a name first.")


def _not_found(qualname: str, names: list[str]) -> FunctionNotFound:
    if not names:
        return FunctionNotFound(f"There is no function '{qualname}'.", "The file has none at all.")
    names = list(dict.fromkeys(names))
    near = difflib.get_close_matches(qualname, names, n=3) or [
        name for name in names if name.rpartition(".")[2] == qualname.rpartition(".")[2]
    ]
    guess = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
    return FunctionNotFound(f"There is no function '{qualname}'.", f"{guess}The file has: {shown}.")


def meant_site(tree: ast.Module, qualname: str) -> Site | None:
    """Return the definition in a model's code that is meant to become ``qualname``.

    The model may have wrapped the function in its class or left the class out: the same nesting
    is best, then the least; the last of several.
    """
    name = qualname.rpartition(".")[2]
    meant = [site for site in sites(tree) if site.node.name == name and not site.is_overload]
    return max(
        meant,
        key=lambda site: (site.qualname == qualname, -len(site.parents), site.node.lineno),
        default=None,
    )
