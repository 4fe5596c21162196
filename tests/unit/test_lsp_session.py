"""What a session says of its settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orps_lsp.lsp.session import Session


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def session(told: list[str], tmp_path: Path) -> Session:
    session = Session(changed=lambda job, progress: None, warn=told.append)
    session.workspace = tmp_path
    return session


def test_what_two_sources_have_wrong_alike_is_said_once(session: Session, told: list[str]) -> None:
    session.set_initial_settings({"rounds": "many"})
    assert session.workspace_settings.rounds == 3
    session.set_editor_settings({"rounds": "many", "candidates": 2})
    assert session.workspace_settings.candidates == 2
    assert len(told) == 1


def test_what_was_mended_may_go_wrong_again(
    session: Session, told: list[str], tmp_path: Path
) -> None:
    project = tmp_path / "pyproject.toml"
    for time, rounds in enumerate(("'many'", "2", "'many'")):
        project.write_text(f"[tool.orps]\nrounds = {rounds}\n")
        os.utime(project, (time, time))
        assert session.workspace_settings.rounds == (2 if rounds == "2" else 3)
    assert len(told) == 2


def test_settings_that_are_no_table_are_said_once(session: Session, told: list[str]) -> None:
    for values in ([], [], None, []):
        session.set_editor_settings(values)
    assert told == ["editor settings: 'orps' must be a table, not []."] * 2
