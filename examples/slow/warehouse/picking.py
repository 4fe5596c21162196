"""What is to be taken from which shelf for the orders of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict


class OrderLine(TypedDict):
    """A line of an order, as the shop sends it."""

    order: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class StockItem:
    """Where an article lies. One that lies on several shelves is taken from the first."""

    sku: str
    shelf: str
    available: int


@dataclass(frozen=True)
class Pick:
    """What to take from a shelf; ``missing`` is what must be ordered for it."""

    shelf: str
    sku: str
    quantity: int
    missing: int


def pick_list(lines: Sequence[OrderLine], stock: Sequence[StockItem]) -> list[Pick]:
    """Return what to take for all lines together, in the order of the shelves.

    Articles that are not in stock at all are left out.
    """
    skus: list[str] = []
    for line in lines:
        if line["sku"] not in skus:
            skus.append(line["sku"])
    picks: list[Pick] = []
    for sku in skus:
        wanted = sum([line["quantity"] for line in lines if line["sku"] == sku])
        places = [item for item in stock if item.sku == sku]
        if len(places) > 0:
            place = places[0]
            quantity = min(wanted, place.available)
            picks.append(Pick(place.shelf, sku, quantity, wanted - quantity))
    return sorted(picks, key=lambda pick: (pick.shelf, pick.sku))


def unknown_articles(lines: Sequence[OrderLine], stock: Sequence[StockItem]) -> list[str]:
    """Return the articles that were ordered and do not exist, in alphabetical order."""
    return sorted({line["sku"] for line in lines} - {item.sku for item in stock})
