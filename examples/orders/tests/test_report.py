from __future__ import annotations

from report import (
    Order,
    customers_with_repeat_orders,
    fulfilled_orders,
    monthly_report,
    revenue_by_month,
)


def order(
    customer_id: str,
    placed_on: str = "2024-03-01",
    total_cents: int = 1000,
    status: str = "shipped",
    order_id: int = 1,
) -> Order:
    return {
        "order_id": order_id,
        "customer_id": customer_id,
        "placed_on": placed_on,
        "status": status,
        "total_cents": total_cents,
    }


def test_cancelled_and_refunded_orders_are_no_sales() -> None:
    orders = [
        order("ada"),
        order("bob", status="cancelled"),
        order("cleo", status="refunded"),
        order("dan", status="paid"),
    ]
    assert [row["customer_id"] for row in fulfilled_orders(orders)] == ["ada", "dan"]


def test_revenue_is_summed_per_month() -> None:
    orders = [
        order("ada", "2024-02-28", 1250),
        order("bob", "2024-03-01", 300),
        order("ada", "2024-03-31", 4999),
    ]
    assert revenue_by_month(orders) == {"2024-02": 1250, "2024-03": 5299}


def test_no_orders_no_repeat_customers() -> None:
    assert customers_with_repeat_orders([]) == []


def test_a_single_order_is_no_repeat() -> None:
    assert customers_with_repeat_orders([order("ada")]) == []


def test_two_orders_of_one_customer_are_a_repeat() -> None:
    assert customers_with_repeat_orders([order("ada"), order("ada")]) == ["ada"]


def test_a_customer_with_many_orders_is_listed_once() -> None:
    assert customers_with_repeat_orders([order("ada")] * 5) == ["ada"]


def test_customers_who_ordered_once_are_left_out() -> None:
    orders = [order("ada"), order("bob"), order("ada"), order("cleo")]
    assert customers_with_repeat_orders(orders) == ["ada"]


def test_repeat_customers_come_in_the_order_of_their_first_order() -> None:
    orders = [order("zoe"), order("ada"), order("bob"), order("bob"), order("ada"), order("zoe")]
    assert customers_with_repeat_orders(orders) == ["zoe", "ada", "bob"]


def test_customer_ids_are_compared_exactly() -> None:
    assert customers_with_repeat_orders([order("ada"), order("Ada"), order("ada ")]) == []


def test_repeat_customers_of_a_quarter() -> None:
    # 1,800 orders; 300 customers come back within the quarter, the others order once.
    orders = [
        order(
            f"C{number % 1500:05d}",
            placed_on=f"2024-{1 + number // 600:02d}-{1 + number % 28:02d}",
            total_cents=500 + number * 37 % 9000,
            order_id=10_000 + number,
        )
        for number in range(1800)
    ]
    repeat = customers_with_repeat_orders(orders)
    assert repeat == [f"C{number:05d}" for number in range(300)]


def test_report_lists_months_and_repeat_customers() -> None:
    orders = [
        order("ada", "2024-03-02", 120_000),
        order("bob", "2024-02-11", 1999),
        order("ada", "2024-03-09", 550),
        order("bob", "2024-03-10", 700, status="cancelled"),
    ]
    assert monthly_report(orders) == (
        "2024-02: 19.99 EUR\n2024-03: 1,205.50 EUR\nrepeat customers: ada"
    )


def test_report_says_when_nobody_came_back() -> None:
    assert monthly_report([order("ada")]) == "2024-03: 10.00 EUR\nrepeat customers: none"
