"""Works out who pays whom after a shared trip.

Everybody notes what they paid for the group; in the end the balances are
settled with few transfers.  All amounts are whole cents.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expense:
    """An amount one person paid for a group of people."""

    payer: str
    cents: int
    shared_by: tuple[str, ...]


@dataclass(frozen=True)
class Transfer:
    """A payment that settles a debt or a part of it."""

    sender: str
    receiver: str
    cents: int


def balances(expenses: list[Expense]) -> dict[str, int]:
    """What everybody gets back (positive) or owes (negative).

    Cents that cannot be split evenly are borne by the first sharers.
    """
    result: dict[str, int] = {}
    for expense in expenses:
        result[expense.payer] = result.get(expense.payer, 0) + expense.cents
        share, remainder = divmod(expense.cents, len(expense.shared_by))
        for number, person in enumerate(expense.shared_by):
            owed = share + (1 if number < remainder else 0)
            result[person] = result.get(person, 0) - owed
    return result


def settle(balance: dict[str, int]) -> list[Transfer]:
    """Return the transfers that bring every balance to zero, in order.

    Each transfer goes from the person who owes most at that moment to the
    person who is owed most at that moment, as much as possible; among equal
    amounts the alphabetically first name.  No balances, or only zeros, give
    an empty list.  Raises ValueError if the balances do not add up to zero.
    """
    if sum(balance.values()) != 0:
        raise ValueError("balances do not add up to zero")
    open_items = [(name, cents) for name, cents in balance.items() if cents != 0]
    transfers = []
    while open_items:
        debtors = sorted([i for i in open_items if i[1] < 0], key=lambda i: (i[1], i[0]))
        creditors = sorted([i for i in open_items if i[1] > 0], key=lambda i: (-i[1], i[0]))
        sender, debt = debtors[0]
        receiver, credit = creditors[0]
        cents = min(-debt, credit)
        transfers.append(Transfer(sender, receiver, cents))
        updated = [(sender, debt + cents), (receiver, credit - cents)]
        open_items = [i for i in open_items if i[0] != sender and i[0] != receiver]
        open_items = open_items + [i for i in updated if i[1] != 0]
    return transfers


def settle_trip(expenses: list[Expense]) -> list[str]:
    """The transfers of a trip as lines of text."""
    return [
        f"{t.sender} -> {t.receiver}: {t.cents / 100:.2f}" for t in settle(balances(expenses))
    ]
