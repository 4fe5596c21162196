"""The model: its file, and the memory that it takes."""

from __future__ import annotations

import psutil
from rich.filesize import decimal

from orps_lsp import models
from orps_lsp.config import Settings
from orps_lsp.doctor.build import Device
from orps_lsp.doctor.types import Check, Status, with_command
from orps_lsp.models import ResolvedModel

# Beside the weights: cache and buffers of the default context. Measured models took 10 to 25 % of
# their file plus some hundred MiB.
_CACHE_SHARE = 0.2
_BUFFERS = 400 << 20


def check(target: ResolvedModel, asked: str) -> Check:
    """Say which file runs, or how to get it; ``asked`` is the setting `model`."""
    name = f"{target.name} (chosen by `auto`)" if asked == "auto" else target.name
    if not target.present:
        size = target.model.size if target.model else 0
        amount = f", {decimal(size)}" if size else ""
        return Check(
            "model",
            Status.ERROR,
            f"{name} is not on this machine yet{amount}",
            with_command("Fetch it once:", f"orps-lsp models pull {target.name}"),
        )
    size = target.path.stat().st_size
    found = f"{name}, {decimal(size)}, {target.path}"
    known = target.model
    if known is None or not known.sha256:
        return Check("model", Status.OK, found)
    if size != known.size:  # exact where the catalogue has a hash
        return Check(
            "model",
            Status.ERROR,
            f"{found}; the file should have {known.size} bytes and has {size}",
            with_command(
                "Fetch it anew:",
                f"orps-lsp models remove {target.name} && orps-lsp models pull {target.name}",
            ),
        )
    return Check("model", Status.OK, f"{found}; size as expected, hash not verified now")


def needed_bytes(target: ResolvedModel) -> int:
    """Return about how much memory the model takes with its default context.

    The catalogue's figure is measured; for other files it is estimated from their size.
    """
    if target.model is not None:
        return target.model.memory_mb << 20
    size = target.path.stat().st_size if target.present else 0
    return int(size * (1 + _CACHE_SHARE)) + _BUFFERS


def check_memory(
    target: ResolvedModel | None, gpus: tuple[Device, ...], settings: Settings
) -> Check:
    """Compare what is free with what the model needs; None: it is not known which one."""
    memory = psutil.virtual_memory()
    found = f"{decimal(memory.available)} of {decimal(memory.total)} available"
    if target is None or not (target.present or target.model):
        return Check("memory", Status.OK, found)
    need = needed_bytes(target)
    context = " (more with your `context`)" if settings.context else ""
    found += f"; {target.name} needs about {decimal(need)}{context}"
    offloaded = sum(gpu.free_bytes for gpu in gpus) if settings.gpu_layers else 0
    if need <= memory.available + offloaded:
        return Check("memory", Status.OK, found)
    smaller = [
        model.name
        for model in models.catalogue()
        if model.choice is not models.Choice.NEVER and model.memory_mb << 20 < memory.available
    ]
    advice = "Close other programs."
    if smaller:
        advice = with_command(
            "Close other programs, or choose a smaller model:",
            f"orps-lsp models pull {smaller[-1]} && orps-lsp doctor --model {smaller[-1]}",
        )
    return Check(
        "memory",
        Status.WARNING,
        f"{found}: with less, it is slow or is ended by the system",
        advice,
    )
