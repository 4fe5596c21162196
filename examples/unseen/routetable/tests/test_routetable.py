import pytest

from routetable import UNREACHABLE, RouteTable, parse_table

TABLE = """
10.0.0.0/8 via core      # everything
10.1.0.0/16 via east
10.1.2.0/24 via lab
2001:db8::/32 via six
"""


def medium():
    table = RouteTable()
    for i in range(24):
        table.add(f"10.{i % 8}.{i * 8}.0/{21 + i % 3}", f"gw{i}")
        table.add(f"10.{i}.0.0/16", f"site{i}")
    return table, [f"10.{i % 30}.{i * 7 % 256}.{i * 13 % 256}" for i in range(150)]


def test_longest_prefix():
    table = parse_table(TABLE)
    assert table.lookup_all(["10.1.2.3", "10.1.3.3", "10.9.9.9"]) == ["lab", "east", "core"]


def test_versions_do_not_mix():
    table = parse_table(TABLE)
    assert table.lookup_all(["2001:db8::5", "::1", "11.0.0.1"]) == ["six", UNREACHABLE, UNREACHABLE]


def test_empty():
    assert parse_table(TABLE).lookup_all([]) == []
    assert RouteTable().lookup_all(["1.2.3.4"]) == [UNREACHABLE]


def test_first_of_equal_prefixes():
    table = RouteTable()
    table.add("0.0.0.0/0", "default")
    table.add("10.0.0.0/24", "one")
    table.add("10.0.0.0/24", "two")
    assert table.lookup_all(["10.0.0.9", "10.0.0.9", "8.8.8.8"]) == ["one", "one", "default"]


def test_malformed():
    with pytest.raises(ValueError):
        parse_table(TABLE).lookup_all(["10.0.0.1", "10.0.0.256"])
    with pytest.raises(ValueError):
        RouteTable().lookup_all(["nonsense"])
    with pytest.raises(ValueError):
        parse_table("10.0.0.0/8 core")


def test_unreachable_keeps_order():
    assert parse_table(TABLE).unreachable(["9.9.9.9", "10.0.0.1", "1.1.1.1"]) == ["9.9.9.9", "1.1.1.1"]


def test_medium_table():
    table, addresses = medium()
    found = table.lookup_all(addresses)
    assert len(found) == 150
    assert found.count(UNREACHABLE) == 30
    assert found[24:30] == [UNREACHABLE] * 6
    assert any(gateway.startswith("gw") for gateway in found)
    assert found[23] == "site23"
