import pytest

from settleup import Expense, Transfer, settle, settle_trip


def medium():
    balance = {f"p{i:03d}": (i * 37 % 101) - 50 for i in range(240)}
    balance["zoe"] = -sum(balance.values())
    return (balance,)


def test_simple():
    assert settle({"ann": 30, "bob": -10, "cy": -20}) == [
        Transfer("cy", "ann", 20), Transfer("bob", "ann", 10)]


def test_nothing_to_do():
    assert settle({}) == []
    assert settle({"ann": 0, "bob": 0}) == []


def test_ties_by_name():
    assert settle({"d": -5, "c": -5, "b": 5, "a": 5}) == [Transfer("c", "a", 5), Transfer("d", "b", 5)]


def test_largest_first_after_part_payment():
    assert settle({"a": 100, "b": 70, "x": -60, "y": -110}) == [
        Transfer("y", "a", 100), Transfer("x", "b", 60), Transfer("y", "b", 10)]


def test_unbalanced():
    with pytest.raises(ValueError):
        settle({"ann": 1})


def test_argument_is_kept():
    balance = {"a": 3, "b": -3}
    settle(balance)
    assert balance == {"a": 3, "b": -3}


def test_trip():
    trip = [Expense("ann", 1000, ("ann", "bob", "cy")), Expense("bob", 200, ("cy",))]
    assert settle_trip(trip) == ["cy -> ann: 5.33", "bob -> ann: 1.33"]


def test_medium_group():
    (balance,) = medium()
    transfers = settle(balance)
    left = dict(balance)
    for t in transfers:
        left[t.sender] += t.cents
        left[t.receiver] -= t.cents
    assert set(left.values()) == {0}
    assert len(transfers) < 241
    assert [t.cents for t in transfers] == sorted((t.cents for t in transfers), reverse=True)
