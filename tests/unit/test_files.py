"""Reading and writing source files keeps what an editor would keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from orps_lsp.files import FileError, read, write


@pytest.mark.parametrize(
    "raw",
    [
        b"x = 1\n",
        b"x = 1\r\ny = 2\r\n",
        b"\xef\xbb\xbfx = 1\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"),
        b"",
        b"x = 1",
    ],
)
def test_a_round_trip_is_the_identity(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(raw)
    path.chmod(0o640)
    file = read(path)
    write(file, file.text)
    assert path.read_bytes() == raw
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("x = 1\n")
    link = tmp_path / "link.py"
    link.symlink_to("real.py")
    write(read(link), "x = 2\n")
    assert link.is_symlink()
    assert (tmp_path / "real.py").read_text() == "x = 2\n"


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("x = 1\n")
    file = read(path)
    path.write_text("x = 'edited'\n")
    with pytest.raises(FileError, match="changed while the search ran"):
        write(file, "x = 2\n")
    assert path.read_text() == "x = 'edited'\n"


@pytest.mark.parametrize("raw", [b"# coding: nonsense\n", b"x = '\xff'\n"])
def test_what_is_no_text_is_a_clear_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(raw)
    with pytest.raises(FileError, match="cannot be read"):
        read(path)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read(tmp_path / "none.py")
