import math

import pytest

from drillcheck import Hole, Spacing, check_board, closest_pair


def medium():
    return ([Hole(i * 7919 % 50021, i * i * 104729 % 40009) for i in range(350)],)


def test_closest():
    holes = [Hole(0, 0), Hole(100, 0), Hole(103, 4), Hole(-50, 60)]
    assert closest_pair(holes) == Spacing(1, 2, 5.0)


def test_too_few():
    assert closest_pair([]) is None
    assert closest_pair([Hole(1, 2)]) is None


def test_two():
    assert closest_pair([Hole(9, 9), Hole(8, 8)]) == Spacing(0, 1, math.sqrt(2))


def test_same_place():
    holes = [Hole(0, 0), Hole(5, 5), Hole(1, 0), Hole(5, 5), Hole(5, 5)]
    assert closest_pair(holes) == Spacing(1, 3, 0.0)


def test_ties_lowest_indices():
    holes = [Hole(30, 0), Hole(20, 0), Hole(0, 0), Hole(10, 0)]
    assert closest_pair(holes) == Spacing(0, 1, 10.0)
    grid = [Hole(0, 50), Hole(0, 10), Hole(10, 0), Hole(0, 0), Hole(10, 10)]
    assert closest_pair(grid) == Spacing(1, 3, 10.0)


def test_same_column():
    assert closest_pair([Hole(7, y * y) for y in range(5, 0, -1)]) == Spacing(3, 4, 3.0)


def test_board():
    lines = ["X0Y0", "X2500Y0D600", "X2500Y-1200"]
    assert check_board(lines, 1.2) == "ok"
    assert check_board(lines, 1.5) == "holes 2 and 3: 1.200 mm"
    assert check_board([], 1.0) == "ok"
    with pytest.raises(ValueError):
        check_board(["G90"], 1.0)


def test_medium_board():
    (holes,) = medium()
    spacing = closest_pair(holes)
    a, b = holes[spacing.first], holes[spacing.second]
    assert spacing.first < spacing.second
    assert spacing.distance == math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2)
    for k in range(0, 350, 50):
        assert all(math.dist((holes[k].x, holes[k].y), (h.x, h.y)) >= spacing.distance - 1e-6
                   for i, h in enumerate(holes) if i != k)
