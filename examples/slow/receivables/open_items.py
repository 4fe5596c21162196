"""Which invoices are still to be paid, after the bank's list of payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Invoice(NamedTuple):
    """An invoice that was sent. Amounts are in cents."""

    number: str
    customer: str
    total_cents: int


class Payment(NamedTuple):
    """A transfer; ``reference`` is what the customer wrote on it."""

    reference: str
    amount_cents: int


class OpenItem(NamedTuple):
    """What is still owed of an invoice."""

    number: str
    customer: str
    open_cents: int


def open_items(invoices: Sequence[Invoice], payments: Sequence[Payment]) -> list[OpenItem]:
    """Return what is owed of each invoice that is not paid in full, the largest sum first.

    Customers do not care for upper case and blanks when they write the number of an invoice.
    """
    items: list[OpenItem] = []
    for invoice in invoices:
        paid = 0
        for payment in payments:
            if payment.reference.replace(" ", "").upper() == invoice.number.upper():
                paid = paid + payment.amount_cents
        if paid < invoice.total_cents:
            items.append(OpenItem(invoice.number, invoice.customer, invoice.total_cents - paid))
    return sorted(items, key=lambda item: item.open_cents, reverse=True)


def owed_by_customer(items: Sequence[OpenItem]) -> dict[str, int]:
    """Return the cents that each customer owes."""
    owed: dict[str, int] = {}
    for item in items:
        owed[item.customer] = owed.get(item.customer, 0) + item.open_cents
    return owed
