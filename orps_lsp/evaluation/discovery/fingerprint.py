"""The key under which a discovery is kept: a hash of all that it depends on."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from orps_lsp.evaluation.client import WORKER
from orps_lsp.evaluation.project import surroundings
from orps_lsp.evaluation.session import Session

_FORMAT = 2  # of what is kept; another number makes what was kept before unknown


def key(session: Session, workspace_digest: str) -> str:
    """Return the key, where ``workspace_digest`` stands for the workspace's files; reads the disk.

    Not covered: folders outside of the workspace that an editable install maps in by a finder.
    What is remembered is confirmed by running its tests anyway.
    """
    target, interpreter = session.target, session.interpreter
    parts = [
        _FORMAT,
        workspace_digest,
        str(target.workspace),
        str(target.file),
        target.qualname,
        target.source,
        str(interpreter.path),
        interpreter.version,
        _times(interpreter.sys_path),
        sorted(surroundings.policy(target.workspace, interpreter).environment.items()),
        session.sandbox.name,
        session.limits.test_timeout,
        session.limits.memory_mb,
        _worker(),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _times(folders: Iterable[Path]) -> list[tuple[str, int]]:
    """Return when something was last installed into, or removed from, each folder."""
    return [(str(path), path.stat().st_mtime_ns) for path in folders if path.exists()]


@functools.cache
def _worker() -> str:
    """Return a hash of the worker's code."""
    files = sorted(WORKER.rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
