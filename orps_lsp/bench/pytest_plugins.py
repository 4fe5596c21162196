"""A project without the pytest plugins that happen to be installed beside us."""

from __future__ import annotations

import importlib.metadata


def without_plugins() -> str:
    """Return a ``pytest.ini`` that loads none of them: they take longer than most tests."""
    plugins = sorted({entry.name for entry in importlib.metadata.entry_points(group="pytest11")})
    options = " ".join(f"-p no:{plugin}" for plugin in plugins)
    return f"[pytest]\naddopts = {options}\n"
