import pytest

from buildplan import BuildPlan, parse_plan


def medium():
    plan = BuildPlan()
    for i in range(260):
        step = i % 13
        needs = [f"t{i - back}" for back in (1, 2) if back <= step]
        plan.add(f"t{i}", i * 7 % 11 + 1, *needs)
    return (plan,)


def test_chain():
    plan = parse_plan("app 5 lib ui\nlib 4 gen\nui 6\ngen 3\n")
    assert plan.critical_path() == ["gen", "lib", "app"]
    assert plan.duration() == 12


def test_empty_and_single():
    assert BuildPlan().critical_path() == []
    assert BuildPlan().duration() == 0
    assert parse_plan("a 0").critical_path() == ["a"]


def test_tie_of_needs_takes_first_listed():
    assert parse_plan("x 2\ny 2\nz 1 y x").critical_path() == ["y", "z"]


def test_tie_of_ends_takes_first_added():
    assert parse_plan("b 3\na 3").critical_path() == ["b"]


def test_need_of_zero_minutes():
    assert parse_plan("end 4 start\nstart 0").critical_path() == ["start", "end"]


def test_errors():
    with pytest.raises(ValueError, match="unknown task y"):
        parse_plan("x 1 y").critical_path()
    with pytest.raises(ValueError, match="needs itself"):
        parse_plan("x 1 y\ny 1 z\nz 1 y").critical_path()
    with pytest.raises(ValueError, match="x needs itself"):
        parse_plan("x 1 x").critical_path()


def test_diamonds():
    plan = parse_plan("a 1\nb 2 a\nc 3 a\nd 1 b c\ne 5 d\nf 5 d b")
    assert plan.critical_path() == ["a", "c", "d", "e"]


def test_medium_plan():
    (plan,) = medium()
    path = plan.critical_path()
    assert len(path) == 13
    assert path == [f"t{int(path[0][1:]) + k}" for k in range(13)]
    assert plan.duration() == max(sum(i * 7 % 11 + 1 for i in range(s, s + 13)) for s in range(0, 260, 13))
