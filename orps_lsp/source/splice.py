"""Put a new version of a function into its module, and touch nothing else.

The module's text is never rendered anew: lines are replaced in it. Of the new body only the
indentation is made the module's; that it means the same afterwards is checked by its syntax tree.
"""

from __future__ import annotations

import ast
import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orps_lsp.source.errors import CandidateRejected, SourceError
from orps_lsp.source.imports import Insertion, is_file_header, placements
from orps_lsp.source.locate import Function, bound_site, describe
from orps_lsp.source.plan import Plan, Version, check_signature, plan_additions, read
from orps_lsp.source.reindent import reindent
from orps_lsp.source.syntax import (
    BOM,
    DefinitionNode,
    Document,
    FunctionNode,
    Site,
    body_without_docstring,
    docstring_node,
    first_line,
    last_line,
    parse,
    split_lines,
)

__all__ = ["CandidateRejected", "Splice", "splice"]

_DEFAULT_UNIT = "    "


@dataclass(frozen=True, slots=True)
class Splice:
    """A module with a new version of one function.

    ``function_text`` is that function as it stands there, dedented, with LF line ends;
    ``added_imports`` are import statements, those that went into the function included.
    """

    text: str
    function_text: str
    added_imports: tuple[str, ...]


def splice(source: str, qualname: str, candidate: str) -> Splice:
    """Replace the body of ``qualname`` by that of the function in ``candidate``.

    The module keeps its decorators, signature and docstring of the function, all text around it,
    its line ends and its indentation. Imports that the new body needs go to the top of the module,
    or into the function where their name is taken; helpers that it needs go before the statement
    that holds the function.

    Raises:
        SourceSyntaxError: ``source`` does not parse.
        FunctionNotFound: ``source`` has no such function.
        CandidateRejected: the candidate changes the signature or collides with the module.
    """
    module = Document(source)
    site = bound_site(module.tree, qualname)
    try:
        return _splice(source, module, site, candidate)
    except RecursionError:
        raise CandidateRejected("The candidate is too deeply nested.") from None


def _splice(source: str, module: Document, site: Site, candidate: str) -> Splice:
    qualname = site.qualname
    version = read(candidate, qualname)
    check_signature(site.node, version.node)
    plan = plan_additions(module, site, version)
    if not plan.imports and not plan.helpers and _same_body(site.node, version.node):
        return Splice(source, describe(module, site).text, ())
    text = _write(source, module, site, version, plan)
    added = tuple(name.text for name in plan.imports)
    return Splice(text, _checked(text, qualname, version, plan).text, added)


def _same_body(original: FunctionNode, version: FunctionNode) -> bool:
    return _dump(body_without_docstring(original)) == _dump(body_without_docstring(version))


def _dump(statements: Iterable[ast.stmt]) -> list[str]:
    return [ast.dump(statement) for statement in statements]


def _checked(text: str, qualname: str, version: Version, plan: Plan) -> Function:
    """Return the function in the new text, which must be the candidate's to the last node."""
    try:
        module = Document(text)
        site = bound_site(module.tree, qualname)
    except SourceError as error:
        raise CandidateRejected("The module does not parse with the candidate in it.") from error
    imports = parse("\n".join(name.text for name in plan.inside)).body
    expected = [*imports, *body_without_docstring(version.node)] or [ast.Pass()]
    body = body_without_docstring(site.node) or [ast.Pass()]
    if _dump(body) != _dump(expected):
        raise CandidateRejected("The candidate changes its meaning when it is re-indented.")
    return describe(module, site)


def _write(source: str, module: Document, site: Site, version: Version, plan: Plan) -> str:
    """Return the source with the plan carried out."""
    bom = BOM if source.startswith(BOM) else ""
    lines = split_lines(source.removeprefix(BOM))
    newline = _newline(lines)
    indent, unit = _indentation(module, site.node)
    start, end = site.node.lineno - 1, last_line(site.node)
    # From the last to the first, so that the lines before keep their numbers.
    lines[start:end] = _with_ends(
        lines[start:end], _function_lines(module, site.node, version, plan, indent, unit), newline
    )
    outermost = first_line(site.outermost)
    insertions = placements(module, plan.at_top, outermost)
    if plan.helpers:
        insertions.append(_helpers(module, version, plan.helpers, outermost, unit))
    order = sorted(enumerate(insertions), key=lambda item: (item[1].line, item[0]), reverse=True)
    for _, insertion in order:
        lines[insertion.line : insertion.line] = [f"{line}{newline}" for line in insertion.lines]
    return bom + "".join(lines)


def _newline(lines: Sequence[str]) -> str:
    """Return the line end that most lines have."""
    ends = Counter(line[len(line.rstrip("\r\n")) :] for line in lines)
    del ends[""]
    return max(ends, key=lambda end: ends[end], default="\n")


def _with_ends(old: Sequence[str], new: Sequence[str], newline: str) -> list[str]:
    """Give new lines their ends; lines that were there before, blank ones too, stay as they are."""
    bare = [line.rstrip("\r\n") for line in old]
    result = [f"{line}{newline}" for line in new]
    one, other = ([line if line.strip() else "" for line in lines] for lines in (bare, new))
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            if old[block.a + offset] != bare[block.a + offset]:
                result[block.b + offset] = old[block.a + offset]
    if old[-1] == bare[-1]:  # the file ends here, without a line end
        result[-1] = new[-1]
    return result


def _indentation(module: Document, node: FunctionNode) -> tuple[str, str]:
    """Return the indentation of a function's body, and that of one level."""
    outer = module.indent(node.lineno)
    for holder in (node, *ast.walk(module.tree)):
        if isinstance(holder, (DefinitionNode, ast.If, ast.For, ast.While, ast.With, ast.Try)):
            around = module.indent(holder.lineno)
            inner = module.indent(first_line(holder.body[0]))
            if inner.startswith(around) and inner != around:
                unit = inner.removeprefix(around)
                return outer + unit, unit
    return outer + _DEFAULT_UNIT, _DEFAULT_UNIT


def _function_lines(
    module: Document, node: FunctionNode, version: Version, plan: Plan, indent: str, unit: str
) -> list[str]:
    """Return the def line to the end: the original's header and docstring, the new body."""
    header_line, column = module.header_end(node)
    docstring = docstring_node(node)
    rest = body_without_docstring(node)
    kept_until = header_line
    kept = module.lines[node.lineno - 1 : header_line]
    is_apart = docstring and not (rest and first_line(rest[0]) <= last_line(docstring))
    if first_line(node.body[0]) == header_line:
        kept[-1] = kept[-1][:column]
        is_apart = False
    if docstring and is_apart:
        kept_until = last_line(docstring)
        kept += module.lines[header_line:kept_until]
    elif docstring:
        kept += f"{indent}{ast.get_source_segment(module.text, docstring)}".split("\n")
    if first_line(node.body[0]) > header_line:
        while kept_until < last_line(node) and not module.lines[kept_until].strip():
            kept.append("")
            kept_until += 1
    imports = [f"{indent}{name.text}" for name in plan.inside]
    body = _body_lines(version, indent, unit)
    return [*kept, *imports, *(body or ([] if docstring or imports else [f"{indent}pass"]))]


def _helpers(
    module: Document, version: Version, helpers: list[ast.stmt], before: int, unit: str
) -> Insertion:
    """Put helpers before the statement on the 1-based line ``before`` and its comments."""
    line = before - 1
    while (
        line
        and module.lines[line - 1].startswith("#")
        and not is_file_header(line - 1, module.lines[line - 1])
    ):
        line -= 1
    blank = 0
    while line - blank and not module.lines[line - blank - 1].strip():
        blank += 1
    lines = [""] * max(0, 2 - blank) if line else []
    for helper in helpers:
        lines += [*reindent(version.document.statement(helper), unit), "", ""]
    return Insertion(line, tuple(lines))


def _body_lines(version: Version, indent: str, unit: str) -> list[str]:
    """Return the lines of the new body, without docstring, without blank lines before it."""
    node, document = version.node, version.document
    line, column = document.header_end(node)
    code = document.block(node.lineno, last_line(node))
    if first_line(node.body[0]) == line:  # def f(): return 1
        below = code.split("\n")[line + 1 - node.lineno :]
        code = "\n".join([document.lines[line - 1][column:].lstrip(), *below])
        lines = reindent(code, unit, indent)
    else:
        line += 1
        lines = reindent(code, unit, indent.removesuffix(unit))[line - node.lineno :]
    if docstring := docstring_node(node):
        end = last_line(docstring)
        lines = lines[end + 1 - line :]
        rest = document.lines[end - 1][document.characters(end, docstring.end_col_offset or 0) :]
        if (after := rest.lstrip()).startswith(";"):
            lines.insert(0, indent + after[1:].lstrip())
    return list(itertools.dropwhile(lambda text: not text.strip(), lines))
