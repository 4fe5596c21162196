"""What is offered, and what is refused, before any search: one server for all."""

from __future__ import annotations

from typing import Any

import pytest
from editor_client import Editor, descendants
from lsprotocol import types
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = {"line": 5, "character": 0}


async def test_a_function_is_offered_every_intent(shared: Editor) -> None:
    shared.reset()
    offered = await shared.actions("def unique")
    assert [(action.title, action.kind) for action in offered] == [
        (f"Refine with ORPS: {intent} `unique`", f"refactor.rewrite.orps.{intent}")
        for intent in ("optimise", "simplify", "fix")
    ]
    assert all(action.command.command == "orps.refine" for action in offered)


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["refactor"], 3),
        (["refactor.rewrite"], 3),
        (["refactor.rewrite.orps.simplify"], 1),
        ([""], 3),
        (["quickfix"], 0),
        (["refactor.rewrite.orps.simp"], 0),
        (["source"], 0),
    ],
)
async def test_actions_are_filtered_by_kind(shared: Editor, only: list[str], count: int) -> None:
    shared.reset()
    assert len(await shared.actions("def unique", only=only)) == count


async def test_a_stub_is_offered_a_quick_fix(shared: Editor) -> None:
    shared.reset()
    body = shared.text[shared.text.index("    result = 0") :]
    shared.replace(body, "    raise NotImplementedError\n")
    (action,) = await shared.actions("def total")
    assert action.title == "Refine with ORPS: implement `total`" and action.kind == "quickfix"
    assert action.command.arguments[0]["intent"] == "fix"


async def test_the_innermost_function_is_meant(shared: Editor) -> None:
    shared.reset()
    shared.replace(
        "def total(rows):",
        "class Sheet:\n    def rows(self):\n        def inner():\n            return 1\n"
        "        return inner\n\n\ndef total(rows):",
    )
    for at, name in (("return 1", "inner"), ("return inner", "rows")):
        first = (await shared.actions(at))[0]
        assert first.title == f"Refine with ORPS: optimise `{name}`"
    assert (await shared.actions("class Sheet"))[0].disabled


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("", "", "GREETING", "There is no function here."),
        ('"""Reports."""', "# @generated", "def unique", "generated"),
        ("def unique(items):", "def unique(items:", "def total", "line 6"),
        ("def total", "def unique", "def unique", "defined again"),
    ],
)
async def test_what_cannot_be_refined_is_disabled_with_the_reason(
    shared: Editor, old: str, new: str, at: str, reason: str
) -> None:
    shared.reset()
    shared.replace(old, new)
    (action,) = await shared.actions(at)
    assert reason in action.disabled.reason and action.command is None


async def test_nothing_is_shown_where_nothing_was_asked(shared: Editor) -> None:
    shared.reset()
    assert await shared.hover("def unique") == ""
    assert await shared.lenses() == ["Refine", "Refine"]  # what can be done, at both functions
    assert not descendants(shared.pid)


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        ("orps.refine", [], "needs 'uri'"),
        ("orps.refine", [1], "takes an object, not 1"),
        ("orps.refine", [{}, {}], "takes one object, not 2"),
        ("orps.refine", [{"uri": 3}], "needs 'uri' to be a text"),
        ("orps.refine", [{"uri": "", "position": HERE}], "needs 'uri'"),
        ("orps.refine", [{"uri": "file:///elsewhere.py", "position": HERE}], "is not open"),
        ("orps.refine", [{}], "needs 'position'"),
        ("orps.refine", [{"position": {"line": -1}}], "{line, character}"),
        ("orps.refine", [{"position": [5, 0]}], "{line, character}"),
        ("orps.refine", [{"position": {"line": 2}}], "no function here"),
        ("orps.refine", [{"position": {"line": 9999}}], "no function here"),
        ("orps.refine", [{"qualname": "uniqe"}], "Did you mean 'unique'"),
        ("orps.refine", [{"intent": "faster"}], "one of fix, optimise, simplify"),
        ("orps.cancel", [{"job": 7}], "no job 7"),
        ("orps.cancel", [{"job": "1"}], "whole number"),
        ("orps.apply", [{"job": 1, "rank": 1}], "no job 1"),
        ("orps.apply", [], "needs 'job'"),
        ("orps.results", [{"job": True}], "whole number"),
    ],
)
async def test_wrong_arguments_are_named(
    shared: Editor, command: str, arguments: list[Any], error: str
) -> None:
    shared.reset()
    if command == "orps.refine" and len(arguments) == 1 and isinstance(arguments[0], dict):
        arguments = [{"uri": shared.uri, **arguments[0]}]
    if error == "needs 'uri'":
        arguments = []
    with pytest.raises(JsonRpcException) as caught:
        await shared.command(command, *arguments)
    assert error in str(caught.value)
    assert any(error in text for text in shared.messages(types.MessageType.Error))


async def test_a_broken_file_cannot_be_refined(shared: Editor) -> None:
    shared.reset()
    shared.replace("def unique(items):", "def unique(items:")
    with pytest.raises(JsonRpcException, match="does not parse"):
        await shared.refine("unique")


async def test_changes_of_a_closed_document_are_harmless(shared: Editor) -> None:
    shared.reset()
    identifier = types.TextDocumentIdentifier(shared.uri)
    shared.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    shared.replace("result = []", "result = list()")
    assert await shared.actions("def unique") == []
    shared.open(shared.file)
    assert await shared.actions("def unique")
