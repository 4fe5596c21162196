from __future__ import annotations

from standings import Result, best_results, rank_history


def places(*points: int) -> list[int]:
    return rank_history([Result(f"p{n}", value) for n, value in enumerate(points)])


def test_no_results() -> None:
    assert rank_history([]) == []


def test_the_first_result_leads() -> None:
    assert places(3) == [1]


def test_results_that_get_better() -> None:
    assert places(10, 20, 30) == [1, 1, 1]


def test_results_that_get_worse() -> None:
    assert places(30, 20, 10) == [1, 2, 3]


def test_equal_points_share_a_place() -> None:
    assert places(50, 40, 40, 30) == [1, 2, 2, 4]


def test_places_are_those_of_the_moment() -> None:
    assert places(20, 40, 30, 10, 40) == [1, 1, 2, 4, 1]


def test_points_may_be_lost() -> None:
    assert places(0, -5, -5, -3) == [1, 2, 2, 2]


def test_names_do_not_matter() -> None:
    assert rank_history([Result("ada", 5), Result("ada", 7), Result("ada", 6)]) == [1, 1, 2]


def test_the_best_result_of_each_player() -> None:
    results = [Result("ada", 5), Result("bob", -2), Result("ada", 3)]
    assert best_results(results) == {"ada": 5, "bob": -2}


def test_an_evening() -> None:
    history = places(*(n * 7919 % 211 for n in range(400)))
    # Points come back after 211 results: by then all of them were there, 0 the last.
    assert history[:3] == [1, 1, 2]
    assert history[211] == 211
