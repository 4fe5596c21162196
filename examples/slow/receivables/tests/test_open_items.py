from __future__ import annotations

from open_items import Invoice, OpenItem, Payment, open_items, owed_by_customer

SMALL = Invoice("RE-001", "ada", 5_000)
LARGE = Invoice("RE-002", "bob", 120_000)


def test_nothing_sent_nothing_open() -> None:
    assert open_items([], [Payment("RE-001", 100)]) == []


def test_without_payments_all_is_open() -> None:
    assert open_items([SMALL], []) == [OpenItem("RE-001", "ada", 5_000)]


def test_what_is_paid_is_not_open() -> None:
    assert open_items([SMALL], [Payment("RE-001", 5_000)]) == []


def test_what_is_overpaid_is_not_open() -> None:
    assert open_items([SMALL], [Payment("RE-001", 5_001)]) == []


def test_part_payments_add_up() -> None:
    payments = [Payment("RE-002", 20_000), Payment("RE-001", 1_000), Payment("RE-002", 30_000)]
    assert open_items([SMALL, LARGE], payments) == [
        OpenItem("RE-002", "bob", 70_000),
        OpenItem("RE-001", "ada", 4_000),
    ]


def test_references_are_read_kindly() -> None:
    assert open_items([SMALL], [Payment(" re - 001 ", 5_000)]) == []


def test_the_numbers_of_invoices_are_taken_as_they_are() -> None:
    assert open_items([Invoice("RE 7", "cleo", 100)], [Payment("RE7", 100)]) == [
        OpenItem("RE 7", "cleo", 100)
    ]


def test_a_returned_transfer_opens_the_invoice_again() -> None:
    payments = [Payment("RE-001", 5_000), Payment("RE-001", -5_000)]
    assert open_items([SMALL], payments) == [OpenItem("RE-001", "ada", 5_000)]


def test_equal_sums_stay_in_the_order_of_the_invoices() -> None:
    invoices = [Invoice("B", "x", 100), Invoice("A", "y", 100)]
    assert [item.number for item in open_items(invoices, [])] == ["B", "A"]


def test_what_each_customer_owes() -> None:
    items = [OpenItem("1", "ada", 10), OpenItem("2", "bob", 5), OpenItem("3", "ada", 7)]
    assert owed_by_customer(items) == {"ada": 17, "bob": 5}


def test_a_month() -> None:
    invoices = [Invoice(f"RE-{n:04d}", f"C{n % 40}", 1_000 + n) for n in range(120)]
    payments = [Payment(f"re-{n * 7 % 150:04d}", 600) for n in range(200)]
    items = open_items(invoices, payments)
    # Fifty invoices' numbers come twice, 42 of them of this month: these are paid.
    assert len(items) == 78
    assert items[0] == OpenItem("RE-0118", "C38", 518)
