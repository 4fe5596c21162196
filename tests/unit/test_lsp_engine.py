"""Who owns the engine: one at a time, made when needed, ended when not."""

from __future__ import annotations

import asyncio

import pytest

from orps_lsp.config import Settings
from orps_lsp.llm.protocol import EngineCrashed
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.lsp.engine import EngineOwner


class Engines:
    """Makes engines and sees them closed."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.closed: list[str] = []
        self.first_close = asyncio.Event()

    def create(self, settings: Settings) -> ScriptedEngine:
        name = f"{settings.model}{len(self.made)}"
        self.made.append(name)
        engines = self

        class Engine(ScriptedEngine):
            async def close(self) -> None:
                engines.closed.append(name)
                engines.first_close.set()

        return Engine(Script())


async def test_the_same_settings_share_an_engine() -> None:
    engines = Engines()
    owner = EngineOwner(engines.create)
    for seconds in (1.0, 2.0):  # a budget needs no other engine
        async with owner.use(Settings(model="a", seconds=seconds)):
            pass
    assert (engines.made, engines.closed) == (["a0"], [])
    async with owner.use(Settings(model="b")):
        assert (engines.made, engines.closed) == (["a0", "b1"], ["a0"])
    await owner.close()
    await owner.close()
    assert engines.closed == ["a0", "b1"]


async def test_an_idle_engine_is_unloaded_and_made_again() -> None:
    engines = Engines()
    owner = EngineOwner(engines.create, idle_seconds=0.0)
    async with owner.use(Settings(model="a")):
        assert not engines.closed
    await asyncio.wait_for(engines.first_close.wait(), 10)
    assert engines.closed == ["a0"]
    async with owner.use(Settings(model="a")):
        assert engines.made == ["a0", "a1"]
    await owner.close()


async def test_a_failed_engine_is_not_kept() -> None:
    engines = Engines()
    owner = EngineOwner(engines.create)
    with pytest.raises(EngineCrashed):
        async with owner.use(Settings(model="a")):
            raise EngineCrashed("it died")
    assert engines.closed == ["a0"]
    await owner.close()


async def test_closing_leaves_no_task() -> None:
    owner = EngineOwner(Engines().create)
    async with owner.use(Settings(model="a")):
        pass
    await owner.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
