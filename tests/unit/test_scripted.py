"""The scripted engine says what its script says, and a broken script is a clear error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from orps_lsp.config import Settings
from orps_lsp.llm import create_engine
from orps_lsp.llm.protocol import Message, ModelLoadError, Prompt, Sampling
from orps_lsp.llm.scripted import Script, ScriptedEngine

CODE = Prompt((Message("user", "improve this"),), "```python\ndef f():\n")
PROSE = Prompt((Message("user", "review this"),))


async def test_answers_and_critiques_come_in_turn() -> None:
    engine = ScriptedEngine(Script(answers=("a", "b"), critiques=("c",)))
    asked = [CODE, PROSE, CODE, CODE]
    texts = [(await engine.complete(prompt, Sampling())).text for prompt in asked]
    assert texts == ["a", "c", "b", "a"]


async def test_a_stop_string_ends_the_text() -> None:
    engine = ScriptedEngine(Script(answers=("return 1\n```\nprose",)))
    completion = await engine.complete(CODE, Sampling(stop=("\n```",)))
    assert completion.text == "return 1"
    assert completion.usage.generated == 2


async def test_a_choice_is_a_distribution() -> None:
    engine = ScriptedEngine(Script(score=(1, 1, 2)))
    choice = await engine.choose(PROSE, ["1", "2", "3"])
    assert choice.probabilities == (0.25, 0.25, 0.5)


async def test_nothing_is_answered_while_paused() -> None:
    engine = ScriptedEngine(Script(answers=("a",)))
    async with engine.yielding():
        request = asyncio.create_task(engine.complete(CODE, Sampling()))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not request.done()
    assert (await request).text == "a"


async def test_a_script_can_fail_like_a_model() -> None:
    engine = ScriptedEngine(Script(fail="The file is broken."))
    with pytest.raises(ModelLoadError, match="The file is broken"):
        await engine.start()


@pytest.mark.parametrize("text", ["", "[]", '{"anwsers": []}', "{"])
def test_a_broken_script_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(ModelLoadError, match="cannot be read"):
        create_engine(Settings(engine="scripted", script=str(path)))


def test_a_script_is_read(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"answers": ["x"], "delay": 0.5}))
    assert Script.load(path) == Script(answers=("x",), delay=0.5)


def test_a_model_that_is_not_here_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path))
    with pytest.raises(ModelLoadError) as caught:
        create_engine(Settings(model="qwen2.5-coder-1.5b"))
    assert "orps-lsp models pull qwen2.5-coder-1.5b" in caught.value.advice
