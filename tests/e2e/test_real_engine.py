"""The server with a real model, small as it is: what befalls its process, and what follows."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from editor_client import Editor, Start, memory

from orps_lsp import models

MODEL = "smollm2-135m"
SETTINGS = {"model": MODEL, "candidates": 40, "seconds": 60}


@pytest.fixture(scope="module", autouse=True)
def model() -> None:
    models.pull(MODEL)


def engine_pid(editor: Editor) -> int | None:
    for child in psutil.Process(editor.pid).children(recursive=True):
        if "orps_lsp.llm.llama_cpp.child" in child.cmdline():
            return child.pid
    return None


def generating(editor: Editor, before: int = 0) -> Callable[[], Any]:
    """Whether a search has sent its first requests to a loaded engine."""
    return lambda: any("round 1" in item["phase"] for item in editor.progress[before:])


async def test_killing_the_engine_costs_a_search_and_not_the_server(start: Start) -> None:
    editor = await start(SETTINGS)
    job = (await editor.refine("unique"))["job"]
    await editor.until(generating(editor))
    first = engine_pid(editor)
    assert first
    os.kill(first, signal.SIGKILL)
    finished = await editor.finish(job)
    assert finished["stop_reason"] == "engine_failed"
    assert any("signal 9" in message.message for message in editor.client.messages)

    before = len(editor.progress)
    again = (await editor.refine("unique"))["job"]
    await editor.until(generating(editor, before))
    assert engine_pid(editor) not in (None, first)
    await editor.command("orps.cancel", {"job": again})
    assert (await editor.finish(again))["stop_reason"] == "cancelled"
    if sys.platform == "linux":
        assert memory(editor.pid, "VmHWM") < 70 * 2**20, "beside the engine's process"
