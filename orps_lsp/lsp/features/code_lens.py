"""``textDocument/codeLens``: above a function, what can be done, is going on, or was found.

A long file has a thousand lenses and they are asked for at every keystroke, so they are written as
JSON at once: to make objects of them, and then these into JSON, takes ten times as long.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orps_lsp.lsp import words
from orps_lsp.lsp.documents import Document
from orps_lsp.lsp.features import commands
from orps_lsp.lsp.features.guard import feature
from orps_lsp.lsp.jobs import Job
from orps_lsp.lsp.protocol import Written, written
from orps_lsp.source.locate import Function

if TYPE_CHECKING:
    from orps_lsp.lsp.server import OrpsServer


def register(server: OrpsServer) -> None:
    feature(server, types.TEXT_DOCUMENT_CODE_LENS, code_lens, types.CodeLensOptions())


def code_lens(server: OrpsServer, params: types.CodeLensParams) -> Written:
    """Answer with the lenses that the setting ``code_lens`` asks for."""
    session = server.session
    document = session.documents.find(params.text_document.uri)
    lenses: list[str] = []
    if document is None:
        return written(lenses)
    shown = session.settings(document.workspace).code_lens
    known = session.known(document)
    offer = shown == "functions" and session.trusted and document.path is not None
    if shown == "off" or not (offer or known):
        return written(lenses)
    uri = json.dumps(document.uri)
    for function in document.outline.functions:
        found = _found(server, document, function) if function.qualname in known else []
        if not found and offer and document.outline.refusal(function) is None:
            title = "Implement" if function.is_stub else "Refine"
            # A name needs no escapes.
            argument = f'{{"uri":{uri},"qualname":"{function.qualname}"}}'
            found = [_command(title, commands.REFINE, argument)]
        lenses += [_lens(function, column, command) for column, command in enumerate(found)]
    return written(lenses)


def _lens(function: Function, column: int, command: str) -> str:
    """Each in its own column: clients sort lenses by place, and not all of them stably.

    The columns of `def` are there in every encoding.
    """
    place = f'{{"line":{function.def_line - 1},"character":{column}}}'
    return f'{{"range":{{"start":{place},"end":{place}}},"command":{command}}}'


def _command(title: str, command: str, argument: str) -> str:
    return f'{{"title":"{title}","command":"{command}","arguments":[{argument}]}}'


def _found(server: OrpsServer, document: Document, function: Function) -> list[str]:
    session = server.session
    job = session.active(document, function.qualname)
    if job is not None:
        state = words.state_line(job, session.jobs.position(job))
        going = [_state(state), _on(job, "Cancel", commands.CANCEL)]
        if job.best:
            candidate = job.best.candidate.id
            going.append(_on(job, "Apply now", commands.APPLY, candidate=candidate))
        return going
    job = session.result(document, function)
    if job is None or job.outcome is None or not job.outcome.refinements:
        return []
    return [
        _state(words.found_line(job.outcome)),
        _on(job, "Apply #1", commands.APPLY, rank=1),
        _on(job, "Compare", commands.COMPARE),
        _on(job, "Report", commands.SHOW_REPORT),
    ]


def _state(text: str) -> str:
    return json.dumps({"title": f"ORPS: {text}", "command": ""})


def _on(job: Job, title: str, command: str, **more: Any) -> str:
    return _command(title, command, json.dumps({"job": job.id, **more}))
