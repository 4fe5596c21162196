"""The exact command that builds llama-cpp-python anew in this environment."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from orps_lsp.doctor.processor import Processor

PACKAGE = "llama-cpp-python"

# GGML_NATIVE=OFF switches the first on; the second are off unless asked for (ggml/CMakeLists.txt).
_PORTABLE = ("AVX", "AVX2", "FMA", "F16C", "BMI2")
_EXTRA = ("AVX_VNNI", "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16")
_ARM_EXTRA = {"FP16_VA": "fp16", "DOTPROD": "dotprod", "MATMUL_INT8": "i8mm", "SVE": "sve"}
_BASE = ("-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF")


@dataclass(frozen=True, slots=True)
class Installation:
    """How llama-cpp-python came here.

    ``version`` is empty where it is missing. ``clone`` is the working copy that orps-lsp runs
    from, if it does.
    """

    python: Path
    version: str = ""
    uv: bool = False
    clone: Path | None = None


def find_installation() -> Installation:
    """Read the metadata of this environment's packages."""
    try:
        package = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        version, installer = "", ""
    else:
        version, installer = package.version, (package.read_text("INSTALLER") or "").strip()
    uses_uv = installer in ("uv", "") and shutil.which("uv") is not None
    return Installation(Path(sys.executable), version, uses_uv, _clone())


def _clone() -> Path | None:
    """Return the folder of an editable installation (PEP 610)."""
    try:
        origin = importlib.metadata.distribution("orps-lsp").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    data = json.loads(origin or "{}")
    if not data.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(data["url"]).path))


def portable_options(processor: Processor) -> tuple[str, ...]:
    """Return CMake options of a build that uses only what nearly every such processor has."""
    options: tuple[str, ...] = _BASE
    if processor.architecture == "x86-64" and processor.features is not None:
        missing = [name for name in _PORTABLE if name not in processor.features]
        options += tuple(f"-DGGML_{name}=OFF" for name in missing)
    return options


def tuned_options(processor: Processor) -> tuple[str, ...]:
    """Return CMake options of a build for this processor.

    They name its instruction sets, where GGML_NATIVE=ON would take all that it announces: virtual
    machines were seen that announce AMX and crash at its first use.
    """
    options = portable_options(processor)
    features = processor.features or frozenset()
    if processor.architecture == "x86-64":
        return options + tuple(f"-DGGML_{name}=ON" for name in _EXTRA if name in features)
    tags = [tag for name, tag in _ARM_EXTRA.items() if name in features]
    if processor.architecture == "arm64" and tags:
        return (*options, f"-DGGML_CPU_ARM_ARCH={'+'.join(['armv8.2-a', *tags])}")
    return options


def command(options: tuple[str, ...], installation: Installation) -> str:
    """Return one line for the user's shell.

    Without their caches both installers would put an earlier build back in place: they do not
    look at CMAKE_ARGS.
    """
    python = shlex.quote(str(installation.python))
    wanted = f"{PACKAGE}=={installation.version}" if installation.version else PACKAGE
    settings = f'CMAKE_ARGS="{" ".join(options)}" '
    if os.name == "nt":
        settings = f'$env:CMAKE_ARGS="{" ".join(options)}"; '
        python = f'& "{installation.python}"'
    if not installation.uv:
        return (
            f"{settings}{python} -m pip install --force-reinstall --no-deps --no-cache-dir "
            f"--no-binary {PACKAGE} {wanted}"
        )
    python = python.removeprefix("& ")
    # In the clone, because `uv run` builds anew what was built with other settings than the
    # clone's, and uv reads them from the current folder.
    where = f"cd {shlex.quote(str(installation.clone))} && " if installation.clone else ""
    return (
        f"{where}{settings}uv pip install --python {python} --reinstall-package {PACKAGE} "
        f"--no-deps --no-cache --no-binary {PACKAGE} {wanted}"
    )
