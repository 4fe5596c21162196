from __future__ import annotations

from network import is_connected, stations, stops_away

LINE_1 = [("Harbour", "Market"), ("Market", "Central"), ("Central", "Zoo")]
LINE_2 = [("Airport", "Central"), ("Central", "Stadium")]


def test_stations_are_named_once() -> None:
    assert stations(LINE_1) == ["Harbour", "Market", "Central", "Zoo"]


def test_a_station_is_no_stop_away_from_itself() -> None:
    assert stops_away("Harbour", []) == {"Harbour": 0}


def test_stops_along_a_line() -> None:
    assert stops_away("Harbour", LINE_1) == {"Harbour": 0, "Market": 1, "Central": 2, "Zoo": 3}


def test_links_go_both_ways() -> None:
    assert stops_away("Zoo", LINE_1)["Harbour"] == 3


def test_lines_cross() -> None:
    assert stops_away("Airport", LINE_1 + LINE_2)["Market"] == 2


def test_nearer_stations_come_first() -> None:
    reached = stops_away("Central", LINE_1 + LINE_2)
    assert list(reached) == ["Central", "Market", "Zoo", "Airport", "Stadium", "Harbour"]


def test_the_shortest_way_counts() -> None:
    shortcut = [*LINE_1, ("Zoo", "Harbour")]
    assert stops_away("Harbour", shortcut)["Zoo"] == 1


def test_what_cannot_be_reached_is_left_out() -> None:
    assert "Ferry" not in stops_away("Harbour", [*LINE_1, ("Ferry", "Island")])


def test_links_that_are_double_or_lead_back_change_nothing() -> None:
    links = [*LINE_1, ("Market", "Harbour"), ("Zoo", "Zoo")]
    assert stops_away("Harbour", links) == stops_away("Harbour", LINE_1)


def test_a_connected_network() -> None:
    assert is_connected([])
    assert is_connected(LINE_1 + LINE_2)
    assert not is_connected([*LINE_1, ("Ferry", "Island")])


def test_a_city() -> None:
    links = [(f"S{n}", f"S{n + 1}") for n in range(180)] + [("S0", "S90"), ("S45", "S135")]
    reached = stops_away("S0", links)
    assert len(reached) == 181
    assert reached["S90"] == 1
    assert reached["S180"] == 91
