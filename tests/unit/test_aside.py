"""Computations in another process: their results, their errors, and the end of that process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from orps_lsp.aside import Aside, AsideDied
from orps_lsp.source.errors import SourceSyntaxError
from orps_lsp.source.locate import find


@pytest.fixture
async def aside() -> AsyncIterator[Aside]:
    here = Aside()
    yield here
    await here.close()


async def test_results_and_errors_are_those_of_the_function(aside: Aside) -> None:
    assert (await aside.run(find, "def f(): pass\n", "f")).qualname == "f"
    with pytest.raises(SourceSyntaxError) as caught:
        await aside.run(find, "def f(:\n", "f")
    assert caught.value.line == 1 and caught.value.advice and "line 1" in str(caught.value)
    assert await aside.run(os.getpid) != os.getpid()


async def test_the_process_stays_for_the_next_call_and_ends_with_its_owner(aside: Aside) -> None:
    first = await aside.run(os.getpid)
    assert await aside.run(os.getpid) == first
    await aside.close()
    assert not psutil.pid_exists(first)
    assert await aside.run(os.getpid) != first


async def test_a_call_that_kills_the_process_is_told(aside: Aside) -> None:
    with pytest.raises(AsideDied):
        await aside.run(os.abort)
    assert await aside.run(len, "abc") == 3


async def test_a_cancelled_call_ends_at_once(aside: Aside) -> None:
    process = await aside.run(os.getpid)
    call = asyncio.create_task(aside.run(time.sleep, 3600))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not psutil.pid_exists(process)
    assert await aside.run(len, "abc") == 3


def test_it_ends_when_its_parent_is_killed() -> None:
    code = (
        "import asyncio, os, signal\nfrom orps_lsp.aside import Aside\n"
        "async def main():\n"
        "    print(await Aside().run(os.getpid), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    child = int(done.stdout)
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], 10)
    assert not alive
