"""What other files say about a function, found out in a process that ends with the question."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from orps_lsp.aside import Aside
from orps_lsp.source.context import Piece
from orps_lsp.source.locate import bound_site
from orps_lsp.source.syntax import Document

logger = logging.getLogger(__name__)

SECONDS = 8.0  # then it is given up
DEFINITION_SECONDS = 3.0  # then no further name is looked up
CALL_SECONDS = 2.0


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
    aside = Aside()
    try:
        return await asyncio.wait_for(aside.run(answer, question), SECONDS)
    except asyncio.TimeoutError:
        return _unknown(f"it took longer than {SECONDS:g} s")
    except Exception as error:  # jedi's faults are many, and the search can do without
        logger.warning("Other files could not be looked at", exc_info=error)
        return _unknown(str(error) or type(error).__name__)
    finally:
        await aside.close()


def _unknown(reason: str) -> Surroundings:
    return Surroundings(notes=(f"What other files say about the function is not known: {reason}.",))


def answer(question: Question) -> Surroundings:
    """Find out in this process.

    Raises:
        SourceSyntaxError: the source does not parse.
        FunctionNotFound: it has no such function.
        Exception: jedi cannot be used.
    """
    from orps_lsp.workspace import calls, definitions  # with jedi, half a second
    from orps_lsp.workspace.files import Deadline
    from orps_lsp.workspace.inference import Inference

    workspace, file = question.workspace.resolve(), question.file.resolve()
    own = Document(question.source)
    site = bound_site(own.tree, question.qualname)
    inference = Inference(workspace, question.path, question.version)
    uses = definitions.collect(
        workspace,
        file,
        own,
        site,
        inference.read(own.text, file),
        Deadline(DEFINITION_SECONDS),
    )
    found = calls.collect(workspace, file, own, site, inference, Deadline(CALL_SECONDS))
    notes = [f"{name} does not parse, so it is not shown to the model." for name in uses.unread]
    return Surroundings(uses.definitions, uses.signatures, found, tuple(notes))
