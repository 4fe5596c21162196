"""What refining needs of the machine: a model file and a sandbox.

Looked at in the background, answered from memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orps_lsp.config import Settings
from orps_lsp.errors import OrpsError


@dataclass(frozen=True, slots=True)
class ModelState:
    """The model that the settings name. ``size_bytes`` is 0 where it is not known."""

    name: str
    present: bool
    size_bytes: int
    fetchable: bool = True
    problem: str = ""  # why there can be no such model, as a sentence


@dataclass(slots=True)
class Readiness:
    """What is known so far.

    ``model`` is None for engines that need no file, and while nobody looked. ``sandbox`` is a
    level, empty if none works here, None while nobody looked.
    """

    model: ModelState | None = None
    sandbox: str | None = None
    sandbox_problem: str = ""
    _asked: Settings | None = None

    @property
    def lacks_model(self) -> bool:
        return self.model is not None and not self.model.present

    async def look_for_model(self, settings: Settings) -> None:
        """Find out whether the model is here."""
        self._asked = settings
        needs_file = settings.engine == "llama_cpp"
        found = await asyncio.to_thread(_model, settings.model) if needs_file else None
        if self._asked is settings:  # else somebody has asked for another one meanwhile
            self.model = found

    async def try_sandbox(self, settings: Settings) -> None:
        """Find out by trying which sandbox works here."""
        from orps_lsp.evaluation import sandbox

        try:
            self.sandbox = (await sandbox.choose(settings.sandbox)).name
            self.sandbox_problem = ""
        except OrpsError as error:
            self.sandbox, self.sandbox_problem = "", str(error)


def _model(name: str) -> ModelState:
    from orps_lsp import models

    try:
        found = models.resolve(name)
    except OrpsError as error:
        return ModelState(name, False, 0, fetchable=False, problem=str(error))
    size = found.model.size if found.model else 0
    return ModelState(found.name, found.present, size, fetchable=bool(found.sources))
