import pytest

from loadprofile import Window, best_window, describe_peak, make_profile


def medium():
    return make_profile([(i * i * 31 + i * 17) % 997 - 450 for i in range(260)]), 10, 40


def test_picks_highest_total():
    assert best_window(make_profile([1, 5, -2, 6, -9, 3]), 1, 3) == Window(1, 3, 9)


def test_min_length_forces_bad_readings():
    assert best_window(make_profile([-5, 10, -5, -20]), 2, 3) == Window(0, 2, 5)


def test_too_few():
    assert best_window([], 1, 5) is None
    assert best_window(make_profile([4]), 2, 3) is None


def test_one_and_all_negative():
    assert best_window(make_profile([-4]), 1, 9) == Window(0, 1, -4)
    assert best_window(make_profile([-4, -3, -3]), 1, 3) == Window(1, 1, -3)


def test_ties_earliest_then_shortest():
    assert best_window(make_profile([2, 0, 2, 0]), 1, 2) == Window(0, 1, 2)
    assert best_window(make_profile([0, 2]), 1, 2) == Window(0, 2, 2)


@pytest.mark.parametrize("low, high", [(0, 3), (3, 2), (-1, -1)])
def test_bad_lengths(low, high):
    with pytest.raises(ValueError):
        best_window([], low, high)


def test_describe():
    assert describe_peak([-10] * 40 + [800] * 5 + [0] * 20) == "10:00-11:15: 800 W"
    assert describe_peak([1, 2]) == "not enough readings"


def test_medium_profile():
    readings, low, high = medium()
    window = best_window(readings, low, high)
    assert low <= window.length <= high
    assert window.total == sum(r.watts for r in readings[window.start:window.start + window.length])
    assert window.total >= max(sum(r.watts for r in readings[s:s + 20]) for s in range(240))
