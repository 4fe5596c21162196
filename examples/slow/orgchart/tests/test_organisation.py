from __future__ import annotations

from organisation import chain_of_command, headcounts, top_level

FIRM: dict[str, str | None] = {
    "ines": None,
    "jon": "ines",
    "kim": "ines",
    "lea": "kim",
    "max": "lea",
    "nils": "lea",
}


def test_who_reports_to_nobody() -> None:
    assert top_level(FIRM) == ["ines"]


def test_managers_above_somebody() -> None:
    assert chain_of_command("max", FIRM) == ["lea", "kim", "ines"]
    assert chain_of_command("ines", FIRM) == []


def test_an_empty_chart() -> None:
    assert headcounts({}) == {}


def test_somebody_alone() -> None:
    assert headcounts({"ines": None}) == {"ines": 0}


def test_everybody_below_counts() -> None:
    assert headcounts(FIRM) == {"ines": 5, "jon": 0, "kim": 3, "lea": 2, "max": 0, "nils": 0}


def test_the_order_is_that_of_the_chart() -> None:
    assert list(headcounts({"lea": "kim", "kim": None})) == ["lea", "kim"]


def test_two_firms_in_one_chart() -> None:
    assert headcounts({"a": None, "b": "a", "x": None, "y": "x", "z": "x"}) == {
        "a": 1,
        "b": 0,
        "x": 2,
        "y": 0,
        "z": 0,
    }


def test_a_manager_who_is_not_in_the_chart() -> None:
    assert headcounts({"jon": "gone", "kim": "jon"}) == {"jon": 1, "kim": 0}


def test_a_larger_firm() -> None:
    chart: dict[str, str | None] = {"p0": None}
    for number in range(1, 130):
        chart[f"p{number}"] = f"p{(number - 1) // 3}"
    counts = headcounts(chart)
    assert counts["p0"] == 129
    assert counts["p1"] == 48
    assert sum(counts.values()) == sum(len(chain_of_command(name, chart)) for name in chart)
