"""Which sandbox is chosen: the strongest that was seen to work, or an error that helps."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from orps_lsp.evaluation.protocol import SandboxUnavailable
from orps_lsp.evaluation.sandbox import Sandbox, choose, selection
from orps_lsp.evaluation.sandbox.none import Unsandboxed


@pytest.fixture(autouse=True)
def fresh_probes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(selection, "_probed", {})
    yield


def replace(monkeypatch: pytest.MonkeyPatch, name: str, found: Sandbox | str) -> None:
    async def finder() -> Sandbox:
        if isinstance(found, str):
            raise SandboxUnavailable(found)
        return found

    monkeypatch.setitem(selection._FINDERS, name, finder)


async def test_a_sandbox_that_does_not_contain_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "bubblewrap", Unsandboxed())
    with pytest.raises(SandboxUnavailable, match="read a hidden file, write a hidden file"):
        await choose("bubblewrap")


async def test_auto_takes_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        landlock = await choose("landlock")
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))
    replace(monkeypatch, "bubblewrap", "It is not installed.")
    assert await choose("auto") is landlock


async def test_says_why_none_works(monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "bubblewrap", "It is not installed.")
    replace(monkeypatch, "landlock", "The kernel is too old.")
    with pytest.raises(SandboxUnavailable) as caught:
        await choose("auto")
    assert "bubblewrap: It is not installed. landlock: The kernel is too old." in str(caught.value)
    assert "Install bubblewrap" in caught.value.advice


async def test_bubblewrap_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxUnavailable, match="not installed"):
        await choose("bubblewrap")


@pytest.mark.parametrize("level", ["auto", "bubblewrap", "landlock"])
async def test_other_systems_have_none_yet(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SandboxUnavailable, match="only be sandboxed on Linux"):
        await choose(level)


async def test_none_is_given_only_by_name() -> None:
    assert (await choose("none")).name == "none"
    with pytest.raises(SandboxUnavailable, match="no sandbox called 'firejail'"):
        await choose("firejail")
