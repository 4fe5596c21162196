"""A short run of the real engine: does it load, does it write, and how fast?"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orps_lsp.config import Settings
from orps_lsp.doctor.children import explain_signals
from orps_lsp.doctor.processor import Processor
from orps_lsp.doctor.rebuild import Installation, command, portable_options
from orps_lsp.doctor.types import Check, Status, with_command
from orps_lsp.llm import create_engine
from orps_lsp.llm.protocol import (
    EngineCrashed,
    EngineError,
    Message,
    Prompt,
    Sampling,
)

if TYPE_CHECKING:
    from orps_lsp.llm.protocol import Completion, Engine

_SECONDS = 120.0  # for all of it: a large model from a cold disk
_PART_SECONDS = 1.0  # for each of reading and writing
_WARM_UP_TOKENS = 8
_TOKENS = (8, 64)  # bounds of what is written
_LINES = (2, 40)  # bounds of what is read; a line has about 14 tokens
_TOKENS_A_LINE = 14
# A search writes some 2,000 tokens, several sequences at a time, in its 150 s.
_SLOW = 4.0

_WARM_UP = Prompt((Message("user", "Count from 1 to 100."),), prefill="1, 2, 3,")


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one sequence, in tokens a second; ``load_seconds`` until the model was ready."""

    load_seconds: float
    reading: float
    writing: float


async def check(settings: Settings, processor: Processor, installation: Installation) -> Check:
    """Start the engine of ``settings``, let it write, end it."""
    engine = create_engine(settings)
    try:
        speed, model = await asyncio.wait_for(_measure(engine), _SECONDS)
    except asyncio.TimeoutError:
        return Check(
            "generation",
            Status.ERROR,
            f"the model did not load and write a line within {_SECONDS:.0f} s",
            "Choose a smaller model; `orps-lsp models list` shows them.",
        )
    except EngineCrashed as crash:
        return _crashed(crash, settings, processor, installation)
    except EngineError as error:
        return Check("generation", Status.ERROR, error.message, error.advice)
    finally:
        await engine.close()
    begun = "loaded" if settings.engine == "llama_cpp" else "answered at its endpoint"
    found = (
        f"{model} {begun} in {speed.load_seconds:.1f} s, reads {speed.reading:.0f} tokens/s and "
        f"writes {speed.writing:.1f} tokens/s"
    )
    if speed.writing < _SLOW:
        return Check(
            "generation",
            Status.WARNING,
            f"{found}: a search will find little in its time",
            "Choose a smaller model (`orps-lsp models list`), or give a search more `seconds`.",
        )
    return Check("generation", Status.OK, found)


def check_scripted(settings: Settings) -> Check:
    """Say that no model runs; a script that cannot be read is an error.

    Raises:
        ModelLoadError: the script cannot be read.
    """
    create_engine(settings)
    return Check(
        "generation",
        Status.OK,
        f"the scripted engine answers from {settings.script}; no model runs",
    )


def _crashed(
    crash: EngineCrashed, settings: Settings, processor: Processor, installation: Installation
) -> Check:
    if settings.engine != "llama_cpp":
        return Check("generation", Status.ERROR, crash.message, crash.advice)
    return Check(
        "generation",
        Status.ERROR,
        explain_signals(crash.message),
        with_command(
            "If memory was short, choose a smaller model. Otherwise build llama.cpp with nothing "
            "but what nearly every processor has:",
            command(portable_options(processor), installation),
        ),
    )


async def _measure(engine: Engine) -> tuple[Speed, str]:
    begun = time.perf_counter()
    info = await engine.start()
    load_seconds = time.perf_counter() - begun

    # The first run brings the weights into memory; its pace says how much to measure.
    _, seconds = await _timed(engine, _WARM_UP, _WARM_UP_TOKENS)
    warm, seconds = await _timed(engine, _long_prompt("warm", _LINES[0]), 1)
    pace = max(1, warm.usage.prompt - warm.usage.reused) / seconds
    prompt = _long_prompt("read", _clamp(pace * _PART_SECONDS / _TOKENS_A_LINE, _LINES))
    read, seconds = await _timed(engine, prompt, 1)
    reading = max(1, read.usage.prompt - read.usage.reused) / seconds

    # The prompt is in the engine's cache now, so that all the time is writing.
    few, seconds = await _timed(engine, prompt, _TOKENS[0])
    wrote = max(1, few.usage.generated) / seconds
    count = _clamp(wrote * _PART_SECONDS, _TOKENS)
    written, seconds = await _timed(engine, prompt, count)
    generated = written.usage.generated
    if written.seconds > 0 and generated > 1:
        writing = (generated - 1) / written.seconds
    else:
        writing = max(1, generated) / seconds
    return Speed(load_seconds, reading, writing), info.model


async def _timed(engine: Engine, prompt: Prompt, tokens: int) -> tuple[Completion, float]:
    begun = time.perf_counter()
    sampling = Sampling(temperature=0.0, max_tokens=tokens, ignore_eos=True)
    completion = await engine.complete(prompt, sampling)
    return completion, max(time.perf_counter() - begun, 1e-6)


def _long_prompt(first: str, lines: int) -> Prompt:
    """Make a prompt that shares nothing but its frame with one of another ``first`` word."""
    listing = "\n".join(f"{first}_{n} = {first}(values[{n}], limit={n})" for n in range(lines))
    return Prompt((Message("user", f"{listing}\nCount from 1 to 100."),), prefill="1, 2, 3,")


def _clamp(value: float, bounds: tuple[int, int]) -> int:
    return int(min(max(value, bounds[0]), bounds[1]))
