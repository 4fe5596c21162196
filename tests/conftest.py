"""For all tests: nothing is kept in, or taken from, the user's own cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORPS_LSP_STORE", str(tmp_path_factory.mktemp("store")))
        yield
