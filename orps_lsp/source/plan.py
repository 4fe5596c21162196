"""Judge a candidate against the module: may it go in, and what does it need beside its body."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from orps_lsp.source.errors import CandidateRejected, SourceSyntaxError
from orps_lsp.source.fingerprint import fingerprint
from orps_lsp.source.imports import ImportedName, ModuleNames, imported_names
from orps_lsp.source.locate import meant_site
from orps_lsp.source.names import bindings, flattened, free_in_body, free_names, needed
from orps_lsp.source.syntax import DefinitionNode, Document, FunctionNode, Site, is_stub


@dataclass(frozen=True, slots=True)
class Version:
    """The function in a candidate, and the candidate's top level around it."""

    document: Document
    node: FunctionNode
    others: list[ast.stmt]


@dataclass(slots=True)
class Plan:
    """What goes into the module beside the body."""

    at_top: list[ImportedName] = field(default_factory=list)
    inside: list[ImportedName] = field(default_factory=list)
    helpers: list[ast.stmt] = field(default_factory=list)

    @property
    def imports(self) -> list[ImportedName]:
        return [*self.at_top, *self.inside]


def read(candidate: str, qualname: str) -> Version:
    try:
        document = Document(candidate)
    except SourceSyntaxError as error:
        raise CandidateRejected("The candidate does not parse.") from error
    site = meant_site(document.tree, qualname)
    if site is None:
        raise CandidateRejected(f"The candidate does not define '{qualname}'.")
    others = [
        item
        for item in document.tree.body
        if item is not site.outermost and getattr(item, "name", "") != site.node.name
    ]
    return Version(document, site.node, others)


def check_signature(original: FunctionNode, version: FunctionNode) -> None:
    """Refuse another way to call the function; annotations are the original's anyway."""
    if type(original) is not type(version):
        change = "async" if isinstance(version, ast.AsyncFunctionDef) else "not async"
        raise CandidateRejected(f"The candidate makes '{original.name}' {change}.")
    if _bare_signature(original) != _bare_signature(version):
        raise CandidateRejected(
            f"The candidate changes the parameters of '{original.name}' from "
            f"({_bare_signature(original)}) to ({_bare_signature(version)})."
        )
    known = [ast.dump(decorator) for decorator in original.decorator_list]
    for decorator in version.decorator_list:
        if ast.dump(decorator) not in known:
            raise CandidateRejected(f"The candidate adds '@{ast.unparse(decorator)}'.")


def _bare_signature(node: FunctionNode) -> str:
    """Return names, kinds, order and defaults of the parameters."""
    arguments = copy.deepcopy(node.args)
    for item in ast.walk(arguments):
        if isinstance(item, ast.arg):
            item.annotation = None
    return ast.unparse(arguments)


def plan_additions(module: Document, site: Site, version: Version) -> Plan:
    """Decide what the new body needs beside itself, and where it goes."""
    names = ModuleNames(module.tree, site)
    # The signature stays the original's, so what only the candidate's needs is not wanted.
    wanted = set(free_in_body(version.node))
    present = _definitions(module.tree.body)
    others = [item for item in version.others if not _is_there(item, present)]
    used = needed(others, wanted | {"*"})
    plan = Plan(
        helpers=[item for item in used if not isinstance(item, (ast.Import, ast.ImportFrom))]
    )
    wanted_by_helpers = set(free_names(*plan.helpers))
    for helper in plan.helpers:
        for name in sorted(names.collisions(helper)):
            raise CandidateRejected(f"The candidate defines '{name}', which has another meaning.")
    for statement in used:
        for imported in imported_names(statement):
            if imported.bound not in wanted | wanted_by_helpers | {"*"}:
                continue
            if names.has(imported) or imported in plan.imports:
                continue
            if imported.bound == "*":
                raise CandidateRejected(f"The candidate uses '{imported.text}'.")
            if names.is_free(imported):
                plan.at_top.append(imported)
            elif imported.bound in wanted_by_helpers:
                raise CandidateRejected(
                    f"A helper of the candidate needs '{imported.text}', but '{imported.bound}' "
                    "has another meaning in the module."
                )
            else:
                plan.inside.append(imported)
    return plan


def _definitions(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Return the statement that last defines each name at the top level."""
    found: dict[str, ast.stmt] = {}
    for statement in flattened(body):
        if isinstance(statement, (DefinitionNode, ast.Assign, ast.AnnAssign)):
            found.update(dict.fromkeys(bindings([statement]), statement))
    return found


def _is_there(statement: ast.stmt, present: dict[str, ast.stmt]) -> bool:
    """Whether the candidate repeats a definition of the module, in full or in outline."""
    known = [present.get(name) for name in bindings([statement])]
    if isinstance(statement, (ast.Import, ast.ImportFrom)) or None in known or not known:
        return False
    if _is_outline(statement):
        return True
    mark = fingerprint(ast.unparse(statement))
    return all(item is not None and fingerprint(ast.unparse(item)) == mark for item in known)


def _is_outline(statement: ast.stmt) -> bool:
    """Whether a definition only stands for one that the prompt showed in outline."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return isinstance(statement.value, ast.Constant) and statement.value.value is ...
    if isinstance(statement, ast.ClassDef):
        methods = [item for item in statement.body if isinstance(item, FunctionNode)]
        return is_stub(statement) or (bool(methods) and all(map(is_stub, methods)))
    return isinstance(statement, FunctionNode) and is_stub(statement)
