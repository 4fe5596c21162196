"""What other files say about a function, found out in a process that ends with the question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orps_lsp.aside import Aside
from orps_lsp.source.context import Piece
from orps_lsp.source.locate import bound_site
from orps_lsp.source.syntax import Document, Site
from orps_lsp.workspace import calls, definitions
from orps_lsp.workspace.definitions import Uses
from orps_lsp.workspace.files import Deadline

if TYPE_CHECKING:
    from orps_lsp.workspace.inference import Inference

T = TypeVar("T")

logger = logging.getLogger(__name__)

SECONDS = 10.0  # for each of the two; then it is given up
USES_SECONDS = 3.0  # then no further name is looked up
CALLS_SECONDS = 2.0  # then no further call; half of it for finding files


@dataclass(frozen=True, slots=True)
class Question:
    """A function of a file, and how its project is imported.

    ``source`` is the file's text as the user sees it, ``path`` the ``sys.path`` of the project's
    interpreter, ``version`` that interpreter's.
    """

    workspace: Path
    file: Path
    source: str
    qualname: str
    path: tuple[str, ...]
    version: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """See :class:`~orps_lsp.source.context.Context`; ``notes`` are sentences for the user."""

    elsewhere: tuple[Piece, ...] = ()
    signatures: tuple[Piece, ...] = ()
    calls: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()


async def look(question: Question) -> Surroundings:
    """Find out; whatever goes wrong is a note.

    In a process of its own, because jedi takes a second and 100 MB, and could die.
    """
    notes: list[str] = []
    nobody: tuple[Piece, ...] = ()
    aside = Aside()

    async def asked(function: Callable[[Question], T], default: T, what: str) -> T:
        try:
            return await asyncio.wait_for(aside.run(function, question), SECONDS)
        except asyncio.TimeoutError:
            reason = f"it took longer than {SECONDS:g} s"
        except Exception as error:  # jedi's faults are many, and the search can do without
            logger.warning("Other files could not be looked at", exc_info=error)
            reason = str(error) or type(error).__name__
        notes.append(f"{what} is not known: {reason.rstrip('.')}.")
        return default

    try:
        uses = await asked(uses_of, Uses(), "What the function uses from other files")
        found = await asked(calls_of, nobody, "Who calls the function")
    finally:
        await aside.close()
    notes += [f"{name} cannot be parsed, so the model does not see it." for name in uses.unread]
    return Surroundings(uses.definitions, uses.signatures, found, tuple(notes))


def uses_of(question: Question) -> Uses:
    """Find what the function uses from other files, in this process.

    Raises:
        SourceSyntaxError: the source does not parse.
        FunctionNotFound: it has no such function.
        Exception: jedi cannot be used.
    """
    workspace, file, own, site, inference = _opened(question)
    names = inference.read(own.text, file)
    return definitions.collect(workspace, file, own, site, names, Deadline(USES_SECONDS))


def calls_of(question: Question) -> tuple[Piece, ...]:
    """Find who calls the function, in this process; raises as :func:`uses_of`."""
    return calls.collect(*_opened(question), CALLS_SECONDS)


def _opened(question: Question) -> tuple[Path, Path, Document, Site, Inference]:
    from orps_lsp.workspace.inference import Inference

    workspace = question.workspace.resolve()
    file = workspace / question.file.relative_to(question.workspace)  # it may be a link
    own = Document(question.source)
    site = bound_site(own.tree, question.qualname)
    inference = Inference(workspace, question.path, question.version)
    return workspace, file, own, site, inference
