"""Compare the stock counted on the shelves with the books.

During a stocktake several people scan shelves; the same article may be
counted at several places and by several people.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BookItem:
    """An article as the books know it."""

    sku: str
    quantity: int
    unit_cents: int


@dataclass(frozen=True)
class Count:
    """A number of pieces of an article found at a place."""

    sku: str
    place: str
    quantity: int


@dataclass(frozen=True)
class Variance:
    """Difference of an article: positive if more was found than booked."""

    sku: str
    difference: int
    value_cents: int
    places: tuple[str, ...]


def check_counts(counts: list[Count]) -> None:
    """Raise ValueError for a negative count."""
    for count in counts:
        if count.quantity < 0:
            raise ValueError(f"negative count of {count.sku} at {count.place}")


def variances(book: list[BookItem], counts: list[Count]) -> list[Variance]:
    """Return the articles whose counted quantity differs from the books.

    Articles of the books come first, in book order; then the articles that
    are not in the books (valued at 0), in the order of their first count,
    also if 0 pieces were counted.  places are the distinct places where the
    article was counted, in the order of the counts.  Raises ValueError for
    a negative count or an article that is booked twice.
    """
    check_counts(counts)
    result = []
    for number, item in enumerate(book):
        if item.sku in [other.sku for other in book[:number]]:
            raise ValueError(f"{item.sku} is booked twice")
        found = sum(count.quantity for count in counts if count.sku == item.sku)
        places = list(dict.fromkeys(count.place for count in counts if count.sku == item.sku))
        difference = found - item.quantity
        if difference != 0:
            value = difference * item.unit_cents
            result.append(Variance(item.sku, difference, value, tuple(places)))
    unknown: list[str] = []
    for count in counts:
        if count.sku not in [item.sku for item in book] and count.sku not in unknown:
            unknown.append(count.sku)
    for sku in unknown:
        hits = [count for count in counts if count.sku == sku]
        found = sum(count.quantity for count in hits)
        places = list(dict.fromkeys(count.place for count in hits))
        result.append(Variance(sku, found, 0, tuple(places)))
    return result


def total_value(book: list[BookItem], counts: list[Count]) -> int:
    """The value of all variances in cents."""
    return sum(variance.value_cents for variance in variances(book, counts))
