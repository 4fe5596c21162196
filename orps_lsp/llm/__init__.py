"""Engines: what runs the language model, behind one Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orps_lsp.llm.protocol import ModelLoadError

if TYPE_CHECKING:
    from orps_lsp.config import Settings
    from orps_lsp.llm.protocol import Engine


def create_engine(settings: Settings, cache: Path | None = None) -> Engine:
    """Make the engine that ``settings`` name. Nothing is loaded before its ``start``.

    ``cache`` is the folder for warm starts; None: the user's.

    Raises:
        ModelLoadError: the model is not on this machine, the script cannot be read, or the
            endpoint is no URL of a server.
        ModelError: there is no such model.
    """
    if settings.engine == "scripted":
        from orps_lsp.llm.scripted import Script, ScriptedEngine

        return ScriptedEngine(Script.load(Path(settings.script)))

    if settings.engine == "openai_compatible":
        from orps_lsp.llm.openai_compatible.engine import OpenAICompatibleEngine

        return OpenAICompatibleEngine(
            settings.endpoint,
            model=settings.model,
            concurrency=settings.concurrency,
            context=settings.context,
        )

    from platformdirs import user_cache_path

    from orps_lsp import models
    from orps_lsp.llm.llama_cpp.client import LlamaCppEngine

    resolved = models.resolve(settings.model)
    if not resolved.present:
        raise ModelLoadError(
            f"The model {resolved.name} is not on this machine yet.",
            f"Fetch it once with `orps-lsp models pull {resolved.name}`.",
        )
    return LlamaCppEngine(
        resolved.path,
        resolved.name,
        context=settings.context,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        flash_attention=settings.flash_attention,
        cache=cache or user_cache_path("orps-lsp", appauthor=False) / "engine",
    )
