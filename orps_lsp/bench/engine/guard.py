"""Run a command that ends with its parent: ``python -m orps_lsp.bench.engine.guard COMMAND ...``.

Programs like llama-server do not watch their standard input. This process holds it for them: its
end, however the parent went away, ends the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

_END_SECONDS = 3.0


def main(command: list[str]) -> None:
    """Run ``command`` with our stdout and stderr; its exit status becomes ours."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(127)
    threading.Thread(target=_wait, args=(process,), daemon=True).start()
    os.read(0, 1)
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    os._exit(0)


def _wait(process: subprocess.Popen[bytes]) -> None:
    status = process.wait()
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(sys.argv[1:])
