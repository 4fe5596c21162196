"""Take the code of one function out of a model's answer, however it is wrapped up.

Small models answer with fences of any kind or none, talk before and after, add examples, rename
the function, leave its first line out, or stop in the middle. All but the last is forgiven.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import partial

from orps_lsp.source.errors import NoCode, SourceSyntaxError
from orps_lsp.source.fingerprint import fingerprint
from orps_lsp.source.locate import Function, meant_site
from orps_lsp.source.names import bindings, free_names, needed
from orps_lsp.source.syntax import (
    Document,
    FunctionNode,
    Site,
    add_indent,
    is_stub,
    last_line,
    leading_whitespace,
    nested_statements,
    normalise,
    parse,
    remove_indent,
)

__all__ = ["NoCode", "extract", "fingerprint"]

_ADVICE = "The next attempt may do better."
_INDENT = "    "
_KEPT = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
)

_STARTS_CODE = r"(?:def|async|class|from|import|@)"
# "```python", "~~~", '```py title="x.py"', also where they stand behind other text.
_FENCE = re.compile(
    rf"(?:`{{3,}}|~{{3,}})"
    rf"(?:[ \t]*(?:python3?|py)(?:[ \t]*(?=\n)|[ \t]+(?={_STARTS_CODE}))"
    rf"|(?![ \t]*{_STARTS_CODE}\b)[^\n`]*(?=\n|\Z))?",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(rf"\s*(?:{_STARTS_CODE}|[A-Za-z_]\w*\s*(?::[^=\n]+)?=[^=])")
_IMPORT_LINE = re.compile(r"\s*(?:import\s+[\w.]+|from\s+[\w.]+\s+import\s+\(?\w)")


def extract(answer: str, target: Function | str) -> str:
    """Return the version of ``target`` that ``answer`` gives, as Python source that parses.

    The function stands at the top level of it, dedented, behind the imports, helpers and constants
    of the answer that it uses; everything else (examples, prints, prose) is left out. Of several
    versions the last complete one is taken. Given a :class:`Function` instead of its name, a bare
    body is put under the function's header.

    Raises:
        NoCode: with the reason.
    """
    qualname = target if isinstance(target, str) else target.qualname
    name = qualname.rpartition(".")[2]
    text = normalise(answer)
    blocks = _blocks(text)
    imports = _import_statements(text)
    problem: NoCode | None = None
    for attempt in _attempts(blocks, target, name):
        for block in blocks:
            try:
                code = attempt(block)
                if code is not None:
                    return _assemble(code, qualname, imports)
            except NoCode as error:
                problem = problem or error
            except RecursionError:
                raise NoCode("The answer's code is too deeply nested.", _ADVICE) from None
    raise problem or NoCode(f"The answer holds no function '{name}'.", _ADVICE)


def _attempts(
    blocks: list[str], target: Function | str, name: str
) -> list[Callable[[str], str | None]]:
    """Return the ways to read a block, the most literal first; each gives code or nothing."""
    pattern = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", re.MULTILINE)
    if any(map(pattern.search, blocks)):
        # What claims to be the function but is broken must not pass for a bare body.
        return [partial(_definition, name=name, definition=pattern)]
    attempts: list[Callable[[str], str | None]] = [partial(_renamed, name=name)]
    if isinstance(target, Function):
        attempts.append(partial(_under_header, function=target))
    return attempts


def _blocks(text: str) -> list[str]:
    """Return the pieces between fence lines, the last first, then all that the fences enclose.

    Which fence opens and which closes is not asked: an answer that continues a prefilled opening
    fence has only the closing one, and prose does not pass for code. The whole is for code with
    fences in its docstring.
    """
    fences = list(_FENCE.finditer(text))
    starts = [0, *(fence.end() for fence in fences)]
    ends = [*(fence.start() for fence in fences), len(text)]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)][::-1]
    if len(fences) > 2:
        pieces.append(text[fences[0].end() : fences[-1].start()])
    pieces += [text] if fences else []
    return [piece.strip("\n") for piece in pieces if piece.strip()]


def _definition(block: str, name: str, definition: re.Pattern[str]) -> str | None:
    """Return the code around ``def name`` in a block that may have prose before and after it."""
    lines = block.split("\n")
    positions = [number for number, line in enumerate(lines) if definition.match(line)]
    if not positions:
        return None
    problem: NoCode | None = None
    for start, line in enumerate(lines[: positions[-1] + 1]):
        if start == 0 or _CODE_LINE.match(line):
            try:
                return _complete(_dedented(lines[start:]), name)
            except NoCode as error:
                problem = error
    raise problem or NoCode(f"The answer holds no function '{name}'.", _ADVICE)


def _dedented(lines: list[str]) -> list[str]:
    indent = leading_whitespace(lines[0])
    return [remove_indent(line, indent) for line in lines] if indent else lines


def _complete(lines: list[str], name: str) -> str:
    """Cut lines from the end until the rest parses; the function must not be cut.

    Raises:
        NoCode: the function itself is cut, broken, or empty.
    """
    tree, end, problem = _longest_valid(lines)
    site = meant_site(tree, name)
    if site is None:
        raise NoCode(f"The code of '{name}' does not parse ({problem}).", _ADVICE)
    if _is_cut(lines, site, end):
        at_end = not any(line.strip() for line in lines[end + 1 :])
        where = "ends in the middle of" if at_end else f"has an error ({problem}) in"
        raise NoCode(f"The answer {where} '{name}'.", _ADVICE)
    last = site.node.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, (ast.Name, ast.Attribute)):
        raise NoCode(f"The answer ends in the middle of '{name}'.", _ADVICE)
    if is_stub(site.node):
        raise NoCode(f"'{name}' has no body in the answer.", _ADVICE)
    return "\n".join(lines[:end])


def _is_cut(lines: list[str], site: Site, end: int) -> bool:
    """Whether the lines from ``end`` on, which were cut off, still belong to the function."""
    for number, line in enumerate(lines[last_line(site.node) :], last_line(site.node)):
        # Comments parse wherever they stand: those in the function say nothing of its end.
        if line.strip():
            is_inside = len(leading_whitespace(line)) > site.node.col_offset
            if number >= end or not is_inside:
                return is_inside
    return False


def _longest_valid(lines: list[str]) -> tuple[ast.Module, int, str]:
    """Return the tree of the first lines that parse, their number, and the first error."""
    end, problem = len(lines), ""
    while True:
        try:
            return parse("\n".join(lines[:end])), end, problem
        except SourceSyntaxError as error:
            problem = problem or error.reason
            end = max(0, min(end, error.line or end) - 1)


def _renamed(block: str, name: str) -> str | None:
    """Give a block's only function the name that was asked for."""
    lines = block.split("\n")
    for start, line in enumerate(lines):
        if start and not re.match(r"\s*(?:def|async|@|from|import)\b", line):
            continue
        dedented = _dedented(lines[start:])
        tree, *_ = _longest_valid(dedented)
        found = [node for node in tree.body if isinstance(node, FunctionNode)]
        if len(found) == 1 and not _returns(tree.body):
            return _rename(_complete(dedented, found[0].name), found[0].name, name)
        if found:
            break  # which of them is meant, or is it the body of one?
    return None


def _returns(statements: list[ast.stmt]) -> bool:
    """Whether there is a ``return`` outside of any function: then it is a body."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, (FunctionNode, ast.ClassDef)):
            pending.extend(nested_statements(node))
    return False


def _rename(code: str, old: str, new: str) -> str:
    """Rename a function and its recursive calls.

    Raises:
        NoCode: the code uses the new name for something else.
    """
    document = Document(code)
    names = [node for node in ast.walk(document.tree) if isinstance(node, ast.Name)]
    if any(node.id == new for node in names):
        raise NoCode(f"The answer defines '{old}', which uses '{new}'.", _ADVICE)
    places = [(node.lineno, node.col_offset) for node in names if node.id == old]
    for node in ast.walk(document.tree):
        if isinstance(node, FunctionNode) and node.name == old:
            line = document.lines[node.lineno - 1]
            at = line.index(old, line.index("def", node.col_offset) + 3)
            places.append((node.lineno, len(line[:at].encode())))
    lines = document.lines
    for number, column in sorted(set(places), reverse=True):
        line, at = lines[number - 1], document.characters(number, column)
        if line[at : at + len(old)] != old:  # inside an f-string, before Python 3.12
            raise NoCode(f"The answer calls the function '{old}' instead of '{new}'.", _ADVICE)
        lines[number - 1] = line[:at] + new + line[at + len(old) :]
    return "\n".join(lines)


def _under_header(block: str, function: Function) -> str | None:
    """Read a block as the body of the function, without its def line."""
    # The first line may lack the indentation that the prefilled header had already begun.
    for dedent in (textwrap.dedent, inspect.cleandoc):
        lines = dedent(block).strip("\n").split("\n")
        tree, end, _ = _longest_valid(lines)
        rest = any(line.strip() for line in lines[end:])
        last = tree.body[-1] if tree.body else None
        if rest and not isinstance(last, (ast.Return, ast.Raise)):
            continue  # cut where a statement of the body, not prose, may begin
        if any(map(_does_something, tree.body)):
            code = f"{function.header}\n{add_indent(chr(10).join(lines[:end]), _INDENT)}"
            return _complete(code.split("\n"), function.name)
    return None


def _does_something(statement: ast.stmt) -> bool:
    """Tell a statement from a word of prose that happens to parse."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom))
    return not isinstance(
        statement,
        # An answer of definitions alone is another program, not a body.
        (ast.Import, ast.ImportFrom, ast.Pass, ast.AnnAssign, FunctionNode, ast.ClassDef),
    )


def _import_statements(text: str) -> list[ast.stmt]:
    """Return the imports that stand alone on a line anywhere in the answer, also in prose."""
    statements: list[ast.stmt] = []
    for line in filter(_IMPORT_LINE.match, text.split("\n")):
        try:
            statements.extend(parse(line.strip()).body)
        except SourceSyntaxError:
            continue
    return [item for item in statements if isinstance(item, (ast.Import, ast.ImportFrom))]


def _assemble(code: str, qualname: str, imports: list[ast.stmt]) -> str:
    """Put together the function and what it needs of the code around it."""
    document = Document(code)
    site = meant_site(document.tree, qualname)
    if site is None:
        raise NoCode(f"The answer holds no function '{qualname}'.", _ADVICE)
    others = [
        item
        for item in document.tree.body
        if isinstance(item, _KEPT)
        and item is not site.outermost
        and getattr(item, "name", "") != site.node.name
    ]
    # What a star import provides is not known here, so it stays.
    used = needed(others, {"*", *free_names(site.node)})
    missing = set(free_names(site.node, *used)) - bindings(used)
    added = [item for item in imports if not missing.isdisjoint(bindings([item]))]
    return "\n\n\n".join([*_preamble(document, [*added, *used], site), ""]).rstrip("\n") + "\n"


def _preamble(document: Document, statements: list[ast.stmt], site: Site) -> Iterator[str]:
    """Yield imports, constants, helpers and the function, as paragraphs without repetitions."""
    imports = [item for item in statements if isinstance(item, (ast.Import, ast.ImportFrom))]
    if imports:
        yield "\n".join(dict.fromkeys(map(ast.unparse, imports)))
    rest = [item for item in statements if item not in imports]
    yield from dict.fromkeys(map(document.statement, [*rest, site.node]))
