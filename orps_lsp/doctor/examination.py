"""All checks one after the other, each guarded: what fails unexpectedly is a finding, too."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import platformdirs

from orps_lsp import models
from orps_lsp.config import Problem, Settings
from orps_lsp.doctor import (
    build,
    containment,
    folders,
    generation,
    gpu,
    model,
    processor,
    project,
    rebuild,
)
from orps_lsp.doctor.children import ChildFailed
from orps_lsp.doctor.types import Check, Report, Status
from orps_lsp.errors import OrpsError
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.models import ResolvedModel

# Told before a check begins: its name, and None; and afterwards: its name, and what it found.
Listener = Callable[[str, Check | None], None]


def _nobody(name: str, check: Check | None) -> None:
    pass


async def examine(
    settings: Settings,
    workspace: Path,
    problems: Sequence[Problem] = (),
    *,
    listen: Listener = _nobody,
    probe: Sequence[str] = build.PROBE,
) -> Report:
    """Check the machine, and the project in ``workspace`` with the ``problems`` of its settings.

    ``probe`` is the program that tells about llama.cpp.
    """
    return await _Examination(settings, workspace, problems, listen, probe).run()


class _Examination:
    """What one check found and a later one needs; None where that failed."""

    def __init__(
        self,
        settings: Settings,
        workspace: Path,
        problems: Sequence[Problem],
        listen: Listener,
        probe: Sequence[str],
    ) -> None:
        self._settings = settings
        self._workspace = workspace
        self._problems = problems
        self._listen = listen
        self._probe = probe
        self._checks: list[Check] = []
        self._processor = processor.unknown()
        self._installation = rebuild.Installation(Path())
        self._build: build.Build | None = None
        self._model: ResolvedModel | None = None
        self._interpreter: Interpreter | None = None

    async def run(self) -> Report:
        await self._check("processor", self._check_processor)
        if self._settings.engine == "llama_cpp":
            await self._check_engine()
        elif self._settings.engine == "scripted":
            await self._check("generation", self._check_script)
        else:
            await self._check("generation", self._check_generation)
        await self._check("sandbox", self._check_sandbox)
        await self._check("interpreter", self._check_interpreter)
        if self._interpreter:
            await self._check("pytest", self._check_pytest)
        await self._check("cache_folder", self._check_cache_folder)
        if self._settings.engine == "llama_cpp":
            await self._check("models_folder", self._check_models_folder)
        await self._check("settings", self._check_settings)
        return Report(tuple(self._checks))

    async def _check_engine(self) -> None:
        await self._check("llama_cpp", self._check_llama_cpp)
        if self._build:
            await self._check("gpu", self._check_gpu)
        await self._check("model", self._check_model)
        await self._check("memory", self._check_memory)
        # Without library or model there is nothing to try, and their own checks said so.
        if self._build and self._model and self._model.present:
            await self._check("generation", self._check_generation)

    async def _check(self, name: str, check: Callable[[], Awaitable[Check]]) -> None:
        self._listen(name, None)
        try:
            found = await check()
        except OrpsError as error:
            found = Check(name, Status.ERROR, error.message, error.advice)
        except Exception as error:
            found = Check(
                name,
                Status.ERROR,
                f"this check itself failed ({type(error).__name__}: {error})",
                "That is a fault of orps-lsp: please report it.",
            )
        self._checks.append(found)
        self._listen(name, found)

    # -- the checks

    async def _check_processor(self) -> Check:
        self._processor = await processor.read()
        return processor.check(self._processor)

    async def _check_llama_cpp(self) -> Check:
        self._installation = rebuild.find_installation()
        try:
            self._build = await build.probe(self._probe)
        except ChildFailed as failed:
            return build.check_failed(failed, self._processor, self._installation)
        return build.check(self._build, self._processor, self._installation)

    async def _check_gpu(self) -> Check:
        assert self._build
        return gpu.check(
            await gpu.find(),
            self._build,
            self._settings.gpu_layers,
            self._processor,
            self._installation,
        )

    async def _check_model(self) -> Check:
        self._model = models.resolve(self._settings.model)
        return model.check(self._model, self._settings.model)

    async def _check_memory(self) -> Check:
        gpus = self._build.gpus if self._build else ()
        return model.check_memory(self._model, gpus, self._settings)

    async def _check_generation(self) -> Check:
        return await generation.check(self._settings, self._processor, self._installation)

    async def _check_script(self) -> Check:
        return generation.check_scripted(self._settings)

    async def _check_sandbox(self) -> Check:
        return await containment.check(self._settings.sandbox)

    async def _check_interpreter(self) -> Check:
        self._interpreter = await find_interpreter(self._workspace, self._settings.python)
        return project.check_interpreter(self._interpreter)

    async def _check_pytest(self) -> Check:
        assert self._interpreter
        return await project.check_pytest(self._interpreter)

    async def _check_cache_folder(self) -> Check:
        folder = platformdirs.user_cache_path("orps-lsp", appauthor=False)
        variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
        return folders.check("cache_folder", folder, variable, needed=None)

    async def _check_models_folder(self) -> Check:
        target = self._model
        needed = None
        if target and not target.present:
            needed = target.model.size if target.model else 0
        return folders.check("models_folder", models.models_dir(), "ORPS_LSP_MODELS", needed=needed)

    async def _check_settings(self) -> Check:
        return project.check_settings(self._workspace, self._problems)
