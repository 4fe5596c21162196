"""Where a benchmark ran, and whether it had the machine to itself."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAMPLE_SECONDS = 1.0
_BUSY_PERCENT = 10.0
_BUSY_LOAD = 0.5  # of the cores, over the last minute


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran. ``cores`` are physical; ``load_before`` is the load average of a minute."""

    cpu: str
    cores: int
    load_before: float
    busy_percent: float

    @property
    def busy(self) -> bool:
        """Whether something else took part of the cores before the run."""
        return self.busy_percent > _BUSY_PERCENT or self.load_before > _BUSY_LOAD * self.cores


def survey() -> Machine:
    """Look at the machine for a second, before anything is measured on it."""
    percent = psutil.cpu_percent(interval=_SAMPLE_SECONDS)
    return Machine(
        cpu=_cpu(),
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        load_before=round(psutil.getloadavg()[0], 2),
        busy_percent=percent,
    )


def _cpu() -> str:
    """Name of the processor, as the system writes it."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        return found.stdout.strip() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
