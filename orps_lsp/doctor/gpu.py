"""Graphics cards: which there are, and whether the installed llama.cpp uses them."""

from __future__ import annotations

import asyncio
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.filesize import decimal

from orps_lsp.doctor.build import Build
from orps_lsp.doctor.children import ChildFailed, ask
from orps_lsp.doctor.processor import Processor
from orps_lsp.doctor.rebuild import Installation, command, tuned_options
from orps_lsp.doctor.types import Check, Status, with_command

_NVIDIA = ("--query-gpu=name,driver_version", "--format=csv,noheader")
_SECONDS = 15.0  # without its daemon, nvidia-smi wakes each card up
_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}  # PCI ids
_NAMES = {"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel", "apple": "Apple"}


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card of this machine.

    ``driver``: the vendor's own for computing works (CUDA, ROCm). ``target`` is an AMD card's name
    for compilers, such as gfx1100.
    """

    vendor: str
    name: str = ""
    driver: bool = False
    target: str = ""

    @property
    def label(self) -> str:
        vendor = _NAMES[self.vendor]
        name = self.name if vendor in self.name else f"{vendor} {self.name}".strip()
        return f"{name} {self.target}".strip()


async def find(root: Path = Path("/")) -> tuple[Gpu, ...]:
    """Ask drivers and kernel; ``root`` is where /proc, /sys and /dev are."""
    if sys.platform == "darwin":
        found = await _apple()
    else:
        found = [*await _nvidia(root), *await asyncio.to_thread(_amd, root)]
    with_driver = {gpu.vendor for gpu in found}
    for vendor in await asyncio.to_thread(_drm, root):
        if vendor not in with_driver:
            found.append(Gpu(vendor))
    return tuple(found)


async def _apple() -> list[Gpu]:
    try:
        arm = (await ask(("/usr/sbin/sysctl", "-n", "hw.optional.arm64"), _SECONDS)).strip()
    except ChildFailed:
        return []  # an Intel Mac; Metal on its cards is slower than the processor
    return [Gpu("apple", "GPU", driver=True)] if arm == "1" else []


async def _nvidia(root: Path) -> list[Gpu]:
    program = shutil.which("nvidia-smi")
    if program:
        try:
            lines = (await ask((program, *_NVIDIA), _SECONDS)).splitlines()
            return [Gpu("nvidia", line.split(",")[0].strip(), driver=True) for line in lines]
        except ChildFailed:
            pass  # installed without a card, or without its driver: the kernel knows
    return await asyncio.to_thread(_nvidia_of_kernel, root)


def _nvidia_of_kernel(root: Path) -> list[Gpu]:
    files = sorted(root.glob("proc/driver/nvidia/gpus/*/information"))
    return [Gpu("nvidia", _colon_values(file).get("Model", ""), driver=True) for file in files]


def _amd(root: Path) -> list[Gpu]:
    if not (root / "dev/kfd").exists():
        return []
    found = []
    for node in sorted(root.glob("sys/class/kfd/kfd/topology/nodes/*/properties")):
        values = dict(line.split(" ", 1) for line in _read(node).splitlines() if " " in line)
        version = int(values.get("gfx_target_version", "0"))  # 110001 is gfx1101, 90010 gfx90a
        if version:
            target = f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"
            found.append(Gpu("amd", driver=True, target=target))
    return found


def _drm(root: Path) -> list[str]:
    """Return the vendors of what can show a picture, whether it can compute or not."""
    ids = [_read(file).strip() for file in sorted(root.glob("sys/class/drm/card*/device/vendor"))]
    return list(dict.fromkeys(_VENDORS[vendor] for vendor in ids if vendor in _VENDORS))


def _colon_values(file: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in _read(file).splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def check(
    gpus: tuple[Gpu, ...],
    build: Build,
    layers: int,
    processor: Processor,
    installation: Installation,
) -> Check:
    """Say whether llama.cpp computes on a graphics card; ``layers`` is the setting `gpu_layers`."""
    if build.gpus:
        found = "; ".join(
            f"{device.description} ({device.name}), {decimal(device.free_bytes)} of "
            f"{decimal(device.total_bytes)} free"
            for device in build.gpus
        )
        if layers == 0:
            found += "; not used, because `gpu_layers` is 0"
        return Check("gpu", Status.OK, found)
    labels = ", ".join(dict.fromkeys(gpu.label for gpu in gpus))
    useful = [gpu for gpu in gpus if gpu.vendor != "intel"]
    if not gpus:
        return Check("gpu", Status.OK, "none found; the processor does the work")
    if layers == 0:
        return Check("gpu", Status.OK, f"{labels}; not used, because `gpu_layers` is 0")
    if not useful:
        # It shares the memory that limits the processor's speed, too.
        return Check(
            "gpu", Status.OK, f"{labels}, not used: seldom faster than the processor beside it"
        )
    if build.gpu_offload:
        return Check(
            "gpu",
            Status.WARNING,
            f"{labels}; this llama.cpp could use a graphics card, but sees none",
            "Check that its driver works and that you may use it; "
            + ("`nvidia-smi` shows it." if useful[0].vendor == "nvidia" else _AMD_RIGHTS),
        )
    return Check(
        "gpu",
        Status.WARNING,
        f"{labels}; this llama.cpp is built without support for it, so the processor does the work",
        _advice(useful[0], processor, installation),
    )


_AMD_RIGHTS = "on Linux you must be in the groups `video` and `render`."


def _advice(gpu: Gpu, processor: Processor, installation: Installation) -> str:
    def build(*options: str) -> str:
        return command((*tuned_options(processor), *options), installation)

    vulkan = build("-DGGML_VULKAN=ON")
    or_vulkan = with_command("or with Vulkan, which needs the Vulkan SDK and glslc:", vulkan)
    if gpu.vendor == "apple":
        metal = build("-DGGML_METAL=ON")
        return with_command("Build it with Metal, which is on by default:", metal)
    if not gpu.driver:
        return with_command(
            "Build it with Vulkan, which needs the card's Vulkan driver, the Vulkan SDK and glslc:",
            vulkan,
        )
    if gpu.vendor == "nvidia":
        needs = "" if shutil.which("nvcc") else ", for which its toolkit (nvcc) is needed first"
        cuda = build("-DGGML_CUDA=ON")
        return with_command(f"Build it with CUDA{needs}:", cuda) + f"\n{or_vulkan}"
    target = (f"-DGPU_TARGETS={gpu.target}",) if gpu.target else ()
    hip = build("-DGGML_HIP=ON", *target)
    return with_command("Build it with ROCm, for which its HIP SDK is needed:", hip) + (
        f"\n{or_vulkan}"
    )
