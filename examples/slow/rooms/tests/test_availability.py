from __future__ import annotations

import pytest

from availability import Booking, as_clock, first_slot, free_slots

EIGHT, NOON, SIX = 480, 720, 1080


@pytest.mark.parametrize(
    ("bookings", "slots"),
    [
        ([], [(480, 1080)]),
        ([(540, 600)], [(480, 540), (600, 1080)]),
        ([(480, 1080)], []),
        ([(400, 1200)], []),
        ([(400, 500)], [(500, 1080)]),
        ([(1000, 1200)], [(480, 1000)]),
        ([(540, 600), (600, 660)], [(480, 540), (660, 1080)]),
        ([(600, 700), (540, 650)], [(480, 540), (700, 1080)]),
        ([(540, 900), (600, 660)], [(480, 540), (900, 1080)]),
        ([(100, 200), (1100, 1200)], [(480, 1080)]),
        ([(600, 600), (700, 650)], [(480, 1080)]),
    ],
)
def test_slots_between_bookings(
    bookings: list[tuple[int, int]], slots: list[tuple[int, int]]
) -> None:
    assert free_slots([Booking(*booking) for booking in bookings], EIGHT, SIX) == slots


def test_a_room_that_does_not_open() -> None:
    assert free_slots([], NOON, NOON) == []
    assert free_slots([], NOON, EIGHT) == []


def test_a_room_may_be_free_for_a_minute() -> None:
    assert free_slots([Booking(480, 599), Booking(600, 1080)], EIGHT, SIX) == [(599, 600)]


def test_times_for_people() -> None:
    assert as_clock(545) == "9:05"


def test_the_first_slot_that_is_long_enough() -> None:
    bookings = [Booking(500, 540), Booking(550, 600)]
    assert first_slot(bookings, EIGHT, SIX, 20) == "8:00"
    assert first_slot(bookings, EIGHT, SIX, 30) == "10:00"
    assert first_slot([Booking(EIGHT, SIX)], EIGHT, SIX, 1) is None


def test_a_busy_room() -> None:
    bookings = [Booking(480 + 20 * n, 490 + 20 * n) for n in range(30)]
    slots = free_slots(bookings, EIGHT, SIX)
    assert slots == [(490 + 20 * n, 500 + 20 * n) for n in range(30)]
