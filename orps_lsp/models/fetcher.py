"""The child process of a download: it may be killed at any moment, and its parent may vanish.

It runs as a script, with the arguments ``describe REPO FILE``, ``fetch REPO FILE COMMIT PARTIAL``
or ``pip ARGUMENTS``. stdin is a pipe that the parent holds and never writes to: its end means that
the parent is gone, and ends this process too. Nothing is imported from the current directory, which
may be a workspace that is not trusted.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from pathlib import Path

ANSWER_SECONDS = 6.0  # for one connection; the parent bounds name look-up and all the rest
CHUNK = 1 << 18


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(1)


def _describe(repo: str, file: str) -> None:
    """Print size, hash and commit of a file on the hub as one line of JSON."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    metadata = get_hf_file_metadata(hf_hub_url(repo, file), timeout=ANSWER_SECONDS)
    print(
        json.dumps({"size": metadata.size, "etag": metadata.etag, "commit": metadata.commit_hash})
    )


def _fetch(repo: str, file: str, commit: str, partial: Path) -> None:
    """Append what is missing of a file to ``partial``.

    ``hf_hub_download`` begins anew in every process (huggingface_hub 2), so the function below it
    is used, which goes on where a file ends.
    """
    from huggingface_hub import constants, get_token, hf_hub_url
    from huggingface_hub.file_download import http_get

    # Its 10 MB would keep a slow download from showing progress, and lose as much at each break.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK

    # Redirects are followed anew on each retry: a signed address may have expired meanwhile.
    url = hf_hub_url(repo, file, revision=commit)
    headers = {"Accept-Encoding": "identity"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    with partial.open("ab", buffering=0) as out:
        http_get(url, out, resume_size=out.tell(), headers=headers)


def _reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return "the repository asks you to accept its terms and to log in (`hf auth login`)"
    if isinstance(error, RepositoryNotFoundError):
        return "the repository does not exist, or is private"
    if isinstance(error, EntryNotFoundError):
        return "the repository has no such file"
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def main(arguments: list[str]) -> int:
    """Do one piece of work; the reason of a failure is the last line on stderr."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work, *rest = arguments
    if work == "pip":
        sys.argv = ["pip", *rest]
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
        return 0
    try:
        if work == "describe":
            _describe(*rest)
        else:
            repo, file, commit, partial = rest
            _fetch(repo, file, commit, Path(partial))
    except Exception as error:
        print(_reason(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.path.pop(0)  # this package's folder: its modules must not shadow top-level ones
    sys.exit(main(sys.argv[1:]))
