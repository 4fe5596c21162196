"""The processor: what it is, and which of the instructions it has that llama.cpp can use.

Read from the kernel, which leaves out what it does not support. py-cpuinfo would do it too, but has
had no release since 2022, and runs machine code of its own.
"""

from __future__ import annotations

import asyncio
import platform
import re
import sys
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import psutil

from orps_lsp.doctor.children import ChildFailed, ask
from orps_lsp.doctor.types import Check, Status

_CPUINFO = Path("/proc/cpuinfo")
_SYSCTL = ("/usr/sbin/sysctl", "-a")
_SECONDS = 5.0

# llama.cpp's name of a feature (ggml-cpu.cpp, ggml_backend_cpu_get_features), and the Linux
# kernel's flags that it takes.
X86_FEATURES: Mapping[str, tuple[str, ...]] = {
    "SSE3": ("pni",),
    "SSSE3": ("ssse3",),
    "AVX": ("avx",),
    "AVX2": ("avx2",),
    "FMA": ("fma",),
    "F16C": ("f16c",),
    "BMI2": ("bmi2",),
    "AVX_VNNI": ("avx_vnni",),
    "AVX512": ("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"),
    "AVX512_VBMI": ("avx512vbmi",),
    "AVX512_VNNI": ("avx512_vnni",),
    "AVX512_BF16": ("avx512_bf16",),
    "AMX_INT8": ("amx_tile", "amx_int8"),
}
ARM_FEATURES: Mapping[str, tuple[str, ...]] = {
    "NEON": ("asimd",),
    "ARM_FMA": ("asimd",),
    "FP16_VA": ("asimdhp",),
    "DOTPROD": ("asimddp",),
    "MATMUL_INT8": ("i8mm",),
    "SVE": ("sve",),
    "SME": ("sme",),
}
_BY_ARCHITECTURE = {"x86-64": X86_FEATURES, "arm64": ARM_FEATURES}
_ARCHITECTURES = {"x86_64": "x86-64", "amd64": "x86-64", "aarch64": "arm64", "arm64": "arm64"}
_SHOWN = (
    *("AVX2", "FMA", "F16C", "AVX_VNNI", "AVX512", "AVX512_VNNI", "AVX512_BF16", "AMX_INT8"),
    *("NEON", "DOTPROD", "MATMUL_INT8", "SVE", "SME"),
)

# macOS' names for the same, on Intel and on Apple's own processors
_MAC_X86 = {
    "SSE3": "pni",
    "AVX1.0": "avx",
    "AVX512VNNI": "avx512_vnni",
    "AVX512BF16": "avx512_bf16",
}
_MAC_ARM = {
    "FEAT_FP16": "asimdhp",
    "FEAT_DotProd": "asimddp",
    "FEAT_I8MM": "i8mm",
    "FEAT_SME": "sme",
}


@dataclass(frozen=True, slots=True)
class Processor:
    """What this machine computes with.

    ``features`` has llama.cpp's names and is None where this system does not tell. ``translated``:
    an Apple processor that plays an Intel one for this Python.
    """

    architecture: str
    name: str = ""
    features: frozenset[str] | None = None
    translated: bool = False


def unknown() -> Processor:
    """Return what can be said without asking anybody."""
    machine = platform.machine()
    return Processor(_ARCHITECTURES.get(machine.lower(), machine or "unknown"))


async def read() -> Processor:
    """Ask the operating system."""
    bare = unknown()
    if sys.platform == "darwin":
        try:
            return from_sysctl(bare.architecture, await ask(_SYSCTL, _SECONDS))
        except ChildFailed:
            return bare
    try:
        text = await asyncio.to_thread(_CPUINFO.read_text, errors="replace")
    except OSError:
        return bare
    return from_cpuinfo(bare.architecture, text)


def from_cpuinfo(architecture: str, text: str) -> Processor:
    """Read Linux' /proc/cpuinfo; what not every core can do is left out."""
    flags: set[str] | None = None
    name = ""
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key in ("flags", "Features"):
            core = set(value.split())
            flags = core if flags is None else flags & core
        elif key == "model name":
            name = value
    return Processor(architecture, name, _features(architecture, flags))


def from_sysctl(architecture: str, text: str) -> Processor:
    """Read what macOS' ``sysctl -a`` prints."""
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if architecture == "arm64":
        flags = {
            flag
            for feature, flag in _MAC_ARM.items()
            if values.get(f"hw.optional.arm.{feature}") == "1"
        } | {"asimd"}
    else:
        words = " ".join(
            values.get(f"machdep.cpu.{key}", "") for key in ("features", "leaf7_features")
        )
        flags = {_MAC_X86.get(word, word.lower()) for word in words.split()}
    return Processor(
        architecture,
        values.get("machdep.cpu.brand_string", ""),
        _features(architecture, flags),
        translated=values.get("sysctl.proc_translated") == "1",
    )


def _features(architecture: str, flags: Set[str] | None) -> frozenset[str] | None:
    table = _BY_ARCHITECTURE.get(architecture)
    if not flags or table is None:
        return None
    found = frozenset(name for name, needed in table.items() if flags >= set(needed))
    # llama.cpp's other AVX-512 options are additions to the first.
    return found if "AVX512" in found else frozenset(f for f in found if "AVX512" not in f)


def known_features(architecture: str) -> frozenset[str]:
    """Return all that could be found on such a processor."""
    return frozenset(_BY_ARCHITECTURE.get(architecture, {}))


def readable(feature: str) -> str:
    """Return the name of a feature as processors' makers write it."""
    if feature.startswith("AVX512"):
        return feature.replace("AVX512", "AVX-512", 1).replace("_", " ")
    return {"MATMUL_INT8": "I8MM"}.get(feature, re.sub("_", "-", feature))


def check(processor: Processor) -> Check:
    """Say what the processor is."""
    logical = psutil.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    cores = f"{physical} core{'s' if physical != 1 else ''}"
    if logical != physical:
        cores += f" ({logical} threads)"
    found = ", ".join(part for part in (processor.name, processor.architecture, cores) if part)
    if processor.features is None:
        found += "; this system does not tell its instruction sets"
    else:
        shown = [readable(name) for name in _SHOWN if name in processor.features]
        found += f"; {', '.join(shown) or 'no vector instructions that llama.cpp uses'}"
    if processor.translated:
        return Check(
            "processor",
            Status.WARNING,
            f"{found}; this Python is an Intel program that an Apple processor translates",
            "Install orps-lsp with a Python for arm64: it is several times as fast.",
        )
    return Check("processor", Status.OK, found)
