from __future__ import annotations

from picking import OrderLine, Pick, StockItem, pick_list, unknown_articles

STOCK = [
    StockItem("lamp", "B2", 10),
    StockItem("desk", "A1", 2),
    StockItem("lamp", "A0", 99),
    StockItem("chair", "B2", 0),
]


def line(sku: str, quantity: int = 1, order: str = "o1") -> OrderLine:
    return {"order": order, "sku": sku, "quantity": quantity}


def test_nothing_ordered() -> None:
    assert pick_list([], STOCK) == []


def test_nothing_in_stock() -> None:
    assert pick_list([line("lamp")], []) == []


def test_an_article_is_taken_from_its_first_shelf() -> None:
    assert pick_list([line("lamp", 3)], STOCK) == [Pick("B2", "lamp", 3, 0)]


def test_lines_of_an_article_add_up() -> None:
    lines = [line("lamp", 3), line("desk"), line("lamp", 4, "o2")]
    assert pick_list(lines, STOCK) == [Pick("A1", "desk", 1, 0), Pick("B2", "lamp", 7, 0)]


def test_what_is_not_there_is_missing() -> None:
    assert pick_list([line("desk", 5)], STOCK) == [Pick("A1", "desk", 2, 3)]
    assert pick_list([line("chair", 2)], STOCK) == [Pick("B2", "chair", 0, 2)]


def test_shelves_are_walked_in_order() -> None:
    lines = [line("lamp"), line("chair"), line("desk")]
    assert [pick.sku for pick in pick_list(lines, STOCK)] == ["desk", "chair", "lamp"]


def test_unknown_articles_are_left_out() -> None:
    lines = [line("sofa"), line("desk"), line("Lamp")]
    assert [pick.sku for pick in pick_list(lines, STOCK)] == ["desk"]
    assert unknown_articles(lines, STOCK) == ["Lamp", "sofa"]


def test_a_return_is_taken_off() -> None:
    assert pick_list([line("lamp", 3), line("lamp", -1)], STOCK) == [Pick("B2", "lamp", 2, 0)]


def test_a_day() -> None:
    stock = [StockItem(f"sku{n}", f"{'ABCD'[n % 4]}{n % 17}", 8) for n in range(250)]
    lines = [line(f"sku{n * 3 % 260}", 1 + n % 3, f"o{n // 4}") for n in range(300)]
    picks = pick_list(lines, stock)
    assert len(picks) == 250
    known = [line["quantity"] for line in lines if int(line["sku"][3:]) < 250]
    assert sum(pick.quantity + pick.missing for pick in picks) == sum(known)
