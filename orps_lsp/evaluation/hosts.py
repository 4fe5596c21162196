"""Hosts: processes that load one version of the module and call its function on request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from orps_lsp.evaluation.client import Child, Worker

LOAD_SECONDS = 30.0

Job = Mapping[str, Any]


class HostFailed(Exception):
    """A version's module does not load by itself, or its function cannot be got hold of."""


@asynccontextmanager
async def host(worker: Worker, job: Job) -> AsyncIterator[Child]:
    """Load one version in a process of its own.

    Raises:
        HostFailed: it cannot be loaded, with the reason.
    """
    async with worker.child(job, LOAD_SECONDS) as child:
        ready = await child.answer()
        if not ready.get("ready"):
            raise HostFailed(ready.get("message") or ready.get("broke") or "its process ended")
        yield child
