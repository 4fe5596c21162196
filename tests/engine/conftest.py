"""The real engine on the smallest catalogued model, fetched once to the user cache."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orps_lsp import models
from orps_lsp.llm.llama_cpp.client import LlamaCppEngine

MODEL = "smollm2-135m"

# Before llama.cpp is loaded into this process: as in the engine's, its threads shall not spin.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


@pytest.fixture(scope="session")
def model_path() -> Path:
    return models.pull(MODEL)


@pytest_asyncio.fixture
async def engine(model_path: Path) -> AsyncIterator[LlamaCppEngine]:
    engine = LlamaCppEngine(model_path, MODEL, context=4096)
    yield engine
    await engine.close()
