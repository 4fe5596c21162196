import pytest

from stocktake import BookItem, Count, Variance, total_value, variances


def medium():
    book = [BookItem(f"A{i}", i % 9, 100 + i) for i in range(250)]
    counts = [Count(f"A{i * 11 % 280}", f"R{i % 6}", i % 5) for i in range(400)]
    return book, counts


def test_missing_and_surplus():
    book = [BookItem("nut", 5, 10), BookItem("bolt", 3, 20), BookItem("pin", 1, 7)]
    counts = [Count("bolt", "R1", 2), Count("nut", "R2", 5), Count("bolt", "R3", 2)]
    assert variances(book, counts) == [
        Variance("bolt", 1, 20, ("R1", "R3")), Variance("pin", -1, -7, ())]


def test_empty():
    assert variances([], []) == []
    assert variances([BookItem("nut", 0, 1)], []) == []


def test_unknown_articles_last_in_count_order():
    counts = [Count("z", "R1", 0), Count("a", "R1", 4), Count("nut", "R1", 2), Count("z", "R2", 0)]
    assert variances([BookItem("nut", 1, 3)], counts) == [
        Variance("nut", 1, 3, ("R1",)), Variance("z", 0, 0, ("R1", "R2")), Variance("a", 4, 0, ("R1",))]


def test_places_are_distinct():
    counts = [Count("nut", "R2", 1), Count("nut", "R1", 1), Count("nut", "R2", 1)]
    assert variances([BookItem("nut", 0, 5)], counts)[0].places == ("R2", "R1")


def test_errors():
    with pytest.raises(ValueError, match="booked twice"):
        variances([BookItem("nut", 0, 5), BookItem("nut", 1, 5)], [])
    with pytest.raises(ValueError, match="negative"):
        variances([], [Count("nut", "R1", -1)])


def test_total_value():
    assert total_value([BookItem("nut", 2, 5), BookItem("pin", 0, 3)], [Count("pin", "R1", 1)]) == -7


def test_medium_stocktake():
    book, counts = medium()
    result = variances(book, counts)
    assert sum(v.difference for v in result) == sum(c.quantity for c in counts) - sum(b.quantity for b in book)
    unknown = [v.sku for v in result if int(v.sku[1:]) >= 250]
    assert len(unknown) == 30 and [v.sku for v in result[-30:]] == unknown
