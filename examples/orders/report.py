"""Monthly sales report of the web shop, made from the rows of the order export.

Amounts are in cents and days are ISO 8601 texts ("2024-03-01"). The export is sorted by the time at
which orders were placed, oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class Order(TypedDict):
    """One row of the export."""

    order_id: int
    customer_id: str
    placed_on: str
    status: str
    total_cents: int


def fulfilled_orders(orders: Sequence[Order]) -> list[Order]:
    """Return the orders that count as sales: all but the cancelled and refunded ones."""
    return [order for order in orders if order["status"] not in ("cancelled", "refunded")]


def revenue_by_month(orders: Sequence[Order]) -> dict[str, int]:
    """Return the revenue in cents for each month ("2024-03") that has an order."""
    revenue: dict[str, int] = {}
    for order in orders:
        month = order["placed_on"][:7]
        revenue[month] = revenue.get(month, 0) + order["total_cents"]
    return revenue


def customers_with_repeat_orders(orders: Sequence[Order]) -> list[str]:
    """Return the customers who ordered more than once.

    Each customer is listed once; the one whose first order is the oldest comes first.
    """
    repeat_customers: list[str] = []
    for order in orders:
        customer_id = order["customer_id"]
        number_of_orders = 0
        for other in orders:
            if other["customer_id"] == customer_id:
                number_of_orders += 1
        if number_of_orders > 1 and customer_id not in repeat_customers:
            repeat_customers.append(customer_id)
    return repeat_customers


def monthly_report(orders: Sequence[Order]) -> str:
    """Return the text that goes to the sales team: one line a month, then the repeat customers."""
    sales = fulfilled_orders(orders)
    lines = [
        f"{month}: {cents / 100:,.2f} EUR"
        for month, cents in sorted(revenue_by_month(sales).items())
    ]
    lines.append(f"repeat customers: {', '.join(customers_with_repeat_orders(sales)) or 'none'}")
    return "\n".join(lines)
