"""A whole refinement: what the model is told of the function's surroundings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from evaluation_support import write_project

from orps_lsp.config import Settings
from orps_lsp.llm.protocol import Completion, EngineInfo, Prompt, Sampling
from orps_lsp.llm.scripted import Script, ScriptedEngine
from orps_lsp.refine import Request, _look_around, refine
from orps_lsp.search.types import Intent, Outcome
from orps_lsp.workspace.surroundings import Surroundings

PROJECT = {
    "shop/tax.py": '''
        RATES = {"de": 0.25}

        def rate(country):
            """The rate of a country."""
            return RATES[country]
        ''',
    "shop/till.py": """
        from shop.tax import rate

        def total(prices, country):
            seen = []
            for price in prices:
                if price not in seen:
                    seen.append(price)
            return sum(seen) * (1 + rate(country))
        """,
    "shop/report.py": """
        from shop import till

        def line(order):
            return str(till.total(order.prices, order.country))
        """,
    "tests/test_till.py": """
        from shop.till import total

        def test_total():
            assert total(list(range(300)), "de") == 56062.5

        def test_twice():
            assert total([4, 4], "de") == 5
        """,
    "conftest.py": "",
}
FAULTY = {"shop/till.py": PROJECT["shop/till.py"].replace("sum(seen)", "len(seen)")}


class Listening(ScriptedEngine):
    """A scripted model that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(Script(answers=("def total(prices, country):\n    return 1\n```",)))
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.prompts.append(prompt)
        return await super().complete(prompt, sampling)


async def told(root: Path, intent: Intent) -> tuple[list[str], Outcome]:
    """The first questions of a search, and its outcome."""
    engine = Listening()
    file = root / "shop" / "till.py"
    outcome = await refine(
        Request(root, file, file.read_text(), "total", intent),
        Settings(candidates=2, rounds=1, prove_seconds=0),
        engine,
        stop=asyncio.Event(),
        listen=lambda _: None,
    )
    return [prompt.messages[1].content for prompt in engine.prompts], outcome


ELSEWHERE = '''\
From other files:
```python
# shop/tax.py
def rate(country):
    """The rate of a country."""
    return RATES[country]
```'''
CALLS = """\
It is called like this:
```python
# shop/report.py:5
return str(till.total(order.prices, order.country))
```"""
ARGUMENTS = """\
Its tests call it with:
- prices: list of 2 to 300 int 0 to 299
- country: str of 2 characters"""


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Not the user's; jedi's cache is in it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORPS_LSP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.mark.parametrize("intent", Intent)
async def test_the_model_is_told_of_all_that_surrounds_the_function(
    tmp_path: Path, intent: Intent
) -> None:
    files = {**PROJECT, **(FAULTY if intent is Intent.FIX else {})}
    questions, outcome = await told(write_project(tmp_path / "project", files), intent)
    assert questions
    for question in questions:
        assert ELSEWHERE in question and CALLS in question and ARGUMENTS in question
        assert ("Where its time goes:" in question) == (intent is Intent.OPTIMISE)
    assert len({question[: question.index(ARGUMENTS)] for question in questions}) == 1
    assert outcome.baseline.arguments and not [n for n in outcome.notes if "Left out" in n]
    if intent is Intent.OPTIMISE:
        assert "in `if price not in seen:`, run 302 times" in questions[0]


def _asides() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended, and is about to be reaped
            if "orps_lsp.aside" in child.cmdline():
                found.append(child)
    return found


async def test_stopping_early_ends_the_process_that_looks(tmp_path: Path) -> None:
    class Stuck(ScriptedEngine):
        async def start(self) -> EngineInfo:
            await asyncio.sleep(3600)
            raise AssertionError

    root = write_project(tmp_path, PROJECT)
    file, stop = root / "shop" / "till.py", asyncio.Event()
    request = Request(root, file, file.read_text(), "total")
    search = asyncio.create_task(
        refine(request, Settings(), Stuck(Script()), stop=stop, listen=lambda _: None)
    )
    while len(_asides()) < 2:  # one reads the function's file, the other one the others
        assert not search.done()
        await asyncio.sleep(0.01)
    stop.set()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert not _asides()


async def test_an_interpreter_that_does_not_work_is_for_the_evaluation_to_tell(
    tmp_path: Path,
) -> None:
    root = write_project(tmp_path, PROJECT)
    request = Request(root, root / "shop" / "till.py", "", "total")
    assert await _look_around(request, Settings(python="/nowhere/python")) == Surroundings()
