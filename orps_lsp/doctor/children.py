"""Programs that answer a question, and may crash or hang meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from orps_lsp.errors import OrpsError

_MEANINGS = {
    "SIGSEGV": "it touched memory that is not its own",
    "SIGBUS": "memory that it used was not there",
    "SIGILL": "it used an instruction that this processor does not have",
    "SIGABRT": "it gave up by itself",
    "SIGFPE": "an impossible calculation",
    "SIGKILL": "somebody killed it, mostly the system for want of memory",
    "SIGTERM": "somebody ended it",
}


class ChildFailed(OrpsError):
    """A program did not start, crashed, failed, or gave no answer in time."""


async def ask(command: Sequence[str], seconds: float) -> str:
    """Return what ``command`` prints. It has ``seconds`` of wall time, and is gone afterwards.

    Raises:
        ChildFailed: it gave no answer; the message says why, in words.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(sys.executable).parent,  # `python -m` looks there first: never in a project
            start_new_session=True,  # Ctrl-C in a terminal is for this process to handle
        )
    except OSError as error:
        raise ChildFailed(f"{command[0]} cannot be started ({error.strerror}).") from error
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError:
        raise ChildFailed(f"It gave no answer within {seconds:g} s.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        said = errors.decode(errors="replace").strip().splitlines()
        raise ChildFailed(
            f"It ended with {status_in_words(process.returncode)}{': ' + said[-1] if said else ''}."
        )
    return output.decode(errors="replace")


def status_in_words(status: int) -> str:
    """Say what an exit status means; negative: the number of a signal."""
    if status >= 0:
        return f"status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
    return f"signal {-status} ({name}: {_MEANINGS[name]})" if name in _MEANINGS else name


def explain_signals(text: str) -> str:
    """Put the meaning behind each "signal 11" of an engine's message."""
    return re.sub(r"\bsignal (\d+)", lambda match: status_in_words(-int(match[1])), text)
