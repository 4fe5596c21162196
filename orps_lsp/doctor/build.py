"""The installed build of llama.cpp: does it load, and does it use what this processor can do?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from orps_lsp.doctor.children import ChildFailed, ask
from orps_lsp.doctor.processor import Processor, known_features, readable
from orps_lsp.doctor.rebuild import Installation, command, portable_options, tuned_options
from orps_lsp.doctor.types import Check, Status, with_command

PROBE = (sys.executable, "-m", "orps_lsp.llm.llama_cpp.probe")
_SECONDS = 60.0  # a driver of a graphics card that wakes up takes long

# The others gain little by themselves; a tuned build has them anyway.
_WORTHWHILE = (
    *("AVX2", "FMA", "F16C", "AVX512", "AVX512_VNNI", "AVX_VNNI"),
    *("DOTPROD", "MATMUL_INT8", "SVE"),
)
_IMPLIED_BY = {"AVX_VNNI": "AVX512_VNNI"}  # the same instructions on narrower registers


@dataclass(frozen=True, slots=True)
class Device:
    """What llama.cpp can compute on; sizes in bytes. ``type`` as in the probe's answer."""

    name: str
    description: str
    type: str
    free_bytes: int
    total_bytes: int

    @property
    def is_gpu(self) -> bool:
        return self.type in ("gpu", "integrated_gpu")


@dataclass(frozen=True, slots=True)
class Build:
    """What the probe found out. ``devices`` is None where the library does not tell."""

    version: str
    features: frozenset[str]
    backends: tuple[str, ...]
    gpu_offload: bool
    devices: tuple[Device, ...] | None

    @property
    def gpus(self) -> tuple[Device, ...]:
        return tuple(device for device in self.devices or () if device.is_gpu)


async def probe(program: Sequence[str] = PROBE, seconds: float = _SECONDS) -> Build:
    """Load the library in a process of its own.

    Raises:
        ChildFailed: it is missing, does not load, crashes, hangs, or its answer makes no sense.
    """
    output = await ask(program, seconds)
    try:
        answer = json.loads(output)
        return Build(
            version=str(answer["version"]),
            features=frozenset(answer["features"].get("CPU", ())),
            backends=tuple(name for name in answer["features"] if name != "CPU"),
            gpu_offload=bool(answer["gpu_offload"]),
            devices=None
            if answer["devices"] is None
            else tuple(Device(**device) for device in answer["devices"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ChildFailed(f"It answered what makes no sense: {output.strip()[:200]!r}.") from None


def check_failed(error: ChildFailed, processor: Processor, installation: Installation) -> Check:
    """Say that llama.cpp cannot even be loaded."""
    what = "llama.cpp cannot be loaded." if installation.version else "It is not installed."
    return Check(
        "llama_cpp",
        Status.ERROR,
        f"{what} {error.message}",
        with_command(
            "Build it for this machine, which takes some minutes and a C++ compiler:",
            command(portable_options(processor), installation),
        ),
    )


def check(build: Build, processor: Processor, installation: Installation) -> Check:
    """Compare what the build uses with what the processor has."""
    found = f"{build.version}{''.join(f', {name}' for name in build.backends)}"
    used = build.features & known_features(processor.architecture)
    available = processor.features
    if not used or available is None:
        return Check("llama_cpp", Status.OK, found)
    tuned = command(tuned_options(processor), installation)
    if lacking := used - available:
        return Check(
            "llama_cpp",
            Status.ERROR,
            f"{found}; it uses {_list(lacking)}, which this processor does not have: it crashes",
            with_command("Build it for this processor:", tuned),
        )
    unused = {
        name
        for name in available - used
        if name in _WORTHWHILE and _IMPLIED_BY.get(name) not in available
    }
    amx = "AMX_INT8" in available - used
    if unused:
        return Check(
            "llama_cpp",
            Status.WARNING,
            f"{found}; it does not use {_list(unused)} of this processor{_gain(unused)}",
            with_command("A build for this processor takes some minutes:", tuned)
            + f"\n{_about_native(amx)}",
        )
    if amx:
        found += (
            "; AMX is left out on purpose: virtual machines announce it that crash when it is used"
        )
    return Check("llama_cpp", Status.OK, f"{found}; it uses {_list(used & set(_WORTHWHILE))}")


def _gain(unused: set[str]) -> str:
    if {"AVX512", "AVX512_VNNI"} <= unused:
        return ": reading prompts about 1.9 times, writing 1.3 to 1.6 times as fast is possible"
    if "AVX512" in unused or "AVX2" in unused:
        return ": it could be faster"
    return ": reading prompts could be faster"


def _about_native(amx: bool) -> str:
    if amx:
        return (
            "Do not use -DGGML_NATIVE=ON instead: this processor announces AMX, and where that "
            "does not work, as in some virtual machines, such a build crashes."
        )
    return (
        "It names the instruction sets, because -DGGML_NATIVE=ON takes all that are announced, and "
        "crashes where one of them does not work."
    )


def _list(features: set[str] | frozenset[str]) -> str:
    return ", ".join(readable(name) for name in sorted(features))
