"""Outcomes in the store come back as they were; whatever cannot be read is a miss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_report import OUTCOMES

from orps_lsp.lsp import archive
from orps_lsp.lsp.archive import Archive, Archived, to_remember
from orps_lsp.search.types import Outcome
from orps_lsp.store import Store

FILE = Path("/project/m.py")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.sqlite3")


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES.keys())
def test_an_outcome_comes_back_as_it_was(store: Store, outcome: Outcome) -> None:
    whole = replace(outcome, candidates=tuple(replace(c, module="x") for c in outcome.candidates))
    kept = Archived("f", "digest", 1.5, to_remember(whole))
    Archive(store).put(FILE, kept)
    (found,) = Archive(store).of(FILE)
    assert found == kept
    assert all(not c.module and not c.conversation for c in found.outcome.candidates)


def test_the_newest_of_a_function_stays_and_files_are_apart(store: Store) -> None:
    outcome = to_remember(OUTCOMES["whole"])
    here = Archive(store)
    for ended_at in (1.0, 2.0):
        here.put(FILE, Archived("f", "digest", ended_at, outcome))
    here.put(FILE, Archived("g", "digest", 3.0, outcome))
    here.put(Path("/project/m.py2"), Archived("f", "digest", 4.0, outcome))
    assert sorted((kept.qualname, kept.ended_at) for kept in here.of(FILE)) == [
        ("f", 2.0),
        ("g", 3.0),
    ]


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"qualname": 1}', b"\xff"])
def test_what_cannot_be_read_is_a_miss(store: Store, data: bytes) -> None:
    here = Archive(store)
    outcome = to_remember(OUTCOMES["whole"])
    here.put(FILE, Archived("good", "digest", 1.0, replace(outcome)))
    store.put(archive._KIND, f"{FILE}\nbad", data)
    assert [kept.qualname for kept in here.of(FILE)] == ["good"]
