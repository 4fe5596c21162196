"""What the user's code may see of this machine: files and environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from orps_lsp.evaluation.client import WORKER
from orps_lsp.evaluation.equivalence import borrowed
from orps_lsp.evaluation.project.interpreter import Interpreter
from orps_lsp.evaluation.sandbox import Policy

_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "CONDA_PREFIX")
_NOTHING: Mapping[Path, Path] = MappingProxyType({})


def policy(
    workspace: Path, interpreter: Interpreter, replaced: Mapping[Path, Path] = _NOTHING
) -> Policy:
    """Allow what tests need: their interpreter, their libraries, their files; all read-only.

    ``replaced`` is what a snapshot shows in the workspace's place.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        "PATH": os.pathsep.join(
            [str(interpreter.path.parent), "/usr/local/bin", "/usr/bin", "/bin"]
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # sets have the same order in original and candidate
        "NO_COLOR": "1",
        # Threads of numeric libraries would be alive when the worker forks.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    extra: list[Path] = []
    if os.environ.get("PYTHONPATH"):
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        extra = [Path(entry) for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry]
    if interpreter.user_base is not None:
        environment["PYTHONUSERBASE"] = str(interpreter.user_base)
    wanted = [
        interpreter.path,
        interpreter.prefix,
        interpreter.base_prefix,
        *interpreter.sys_path,
        *extra,
        workspace,
        WORKER,
        *borrowed.readable(),
    ]
    readable = tuple(dict.fromkeys(path for path in wanted if path.exists()))
    return Policy(readable=readable, cwd=workspace, environment=environment, replaced=replaced)
