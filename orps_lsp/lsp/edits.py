"""From a refinement to an edit of the text as it is now.

The candidate is spliced anew into the current text, so that edits elsewhere in the file are kept;
the result is reduced to the lines that differ.
"""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.workspace import PositionCodec

from orps_lsp.errors import OrpsError
from orps_lsp.lsp import convert
from orps_lsp.lsp.capabilities import Capabilities
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.jobs import Job
from orps_lsp.search.types import Refinement
from orps_lsp.source.diff import line_edits
from orps_lsp.source.locate import digest, find
from orps_lsp.source.splice import splice

_ANNOTATION = "orps"


class RefinementNotFound(OrpsError):
    """The job has no refinement of that rank."""


class RefinementOutdated(OrpsError):
    """The function is no longer the one that was refined."""


def refinement_of(job: Job, *, rank: int | None = None, candidate: int | None = None) -> Refinement:
    """Return a job's refinement by rank, or by candidate: that stays while the search goes on.

    Raises:
        RefinementNotFound: it has none like that, or not yet.
    """
    refinements = job.outcome.refinements if job.outcome else ()
    for refinement in (*refinements, *job.early.values()):
        if candidate is not None:
            if refinement.candidate.id == candidate:
                return refinement
        elif job.outcome and refinement.rank == rank:
            return refinement
    have = f"It has {len(refinements)}." if job.outcome else "It has not ended yet."
    which = rank if candidate is None else f"candidate {candidate}"
    raise RefinementNotFound(f"Job {job.id} has no refinement {which}.", have)


async def refined_text(document: Document, job: Job, refinement: Refinement) -> str:
    """Return the document's text with a refinement in it.

    Raises:
        RefinementOutdated: the function changed since it was refined.
        SourceError: it is gone, the file is broken, or the candidate no longer fits in.
    """
    return await asyncio.to_thread(_splice, document.text, job, refinement)


async def workspace_edit(
    document: Document,
    job: Job,
    refinement: Refinement,
    capabilities: Capabilities,
    codec: PositionCodec,
) -> types.WorkspaceEdit:
    """Return the edit that brings a refinement into the document's current version.

    Raises:
        RefinementOutdated, SourceError: as :func:`refined_text`.
    """
    text, lines, version = document.text, document.lines, document.version
    new = await refined_text(document, job, refinement)
    edits = [
        types.TextEdit(convert.line_range(lines, edit.start_line, edit.end_line, codec), edit.text)
        for edit in line_edits(text, new)
    ]
    if not capabilities.document_changes:
        return types.WorkspaceEdit(changes={document.uri: edits})
    identifier = types.OptionalVersionedTextDocumentIdentifier(document.uri, version)
    if not capabilities.change_annotations:
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, edits)])
    annotated = [types.AnnotatedTextEdit(_ANNOTATION, edit.range, edit.new_text) for edit in edits]
    annotation = types.ChangeAnnotation(
        label=f"Refine {job.work.qualname} with ORPS",
        description=refinement.summary,
        # Asking for confirmation opens a preview with everything unticked; the user just chose it.
        needs_confirmation=False,
    )
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(identifier, annotated)],
        change_annotations={_ANNOTATION: annotation},
    )


def _splice(text: str, job: Job, refinement: Refinement) -> str:
    if digest(find(text, job.work.qualname)) != job.work.digest:
        raise RefinementOutdated(
            f"{job.work.qualname} has changed since it was refined.",
            "Undo the change, or refine it again.",
        )
    return splice(text, job.work.qualname, refinement.candidate.code).text
