from __future__ import annotations

import pytest

from frames import FrameError, join_frames, split_frames


def test_nothing_received() -> None:
    assert split_frames(b"") == []


def test_one_frame() -> None:
    assert split_frames(b"\x00\x03abc") == [b"abc"]


def test_several_frames() -> None:
    assert split_frames(b"\x00\x01a\x00\x02bc\x00\x01d") == [b"a", b"bc", b"d"]


def test_a_payload_may_be_empty() -> None:
    assert split_frames(b"\x00\x00\x00\x00") == [b"", b""]


def test_a_payload_may_look_like_a_header() -> None:
    assert split_frames(b"\x00\x04\x00\x02\x00\x02") == [b"\x00\x02\x00\x02"]


def test_long_payloads_use_both_bytes() -> None:
    assert split_frames(b"\x01\x02" + bytes(258)) == [bytes(258)]


def test_a_header_that_is_cut_off() -> None:
    with pytest.raises(FrameError, match="the header is cut off"):
        split_frames(b"\x00\x01a\x00")


@pytest.mark.parametrize("missing", [1, 5])
def test_a_payload_that_is_cut_off(missing: int) -> None:
    with pytest.raises(FrameError, match=f"{missing} bytes are missing"):
        split_frames(b"\x00\x05hello"[:-missing])


def test_joined_frames_are_split_again() -> None:
    payloads = [b"", b"status", b"\xff" * 300]
    assert split_frames(join_frames(payloads)) == payloads


def test_a_payload_that_is_too_long() -> None:
    with pytest.raises(FrameError, match="65536 bytes"):
        join_frames([bytes(65_536)])


def test_an_hour_of_readings() -> None:
    payloads = [b"temperature=%d" % (n * 31 % 400) for n in range(1200)]
    assert split_frames(join_frames(payloads)) == payloads
