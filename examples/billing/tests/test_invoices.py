from __future__ import annotations

import pytest
from invoices import invoices_on_page, page_count, page_summary

INVOICES = ["2024-0007", "2024-0006", "2024-0005", "2024-0004", "2024-0003"]


def test_first_page_has_the_newest_invoices() -> None:
    assert invoices_on_page(INVOICES, 1, per_page=2) == ["2024-0007", "2024-0006"]


def test_last_page_may_be_short() -> None:
    assert invoices_on_page(INVOICES, 3, per_page=2) == ["2024-0003"]


def test_page_after_the_last_is_empty() -> None:
    assert invoices_on_page(INVOICES, 4, per_page=2) == []


def test_a_customer_without_invoices_has_an_empty_page() -> None:
    assert invoices_on_page([], 1) == []


@pytest.mark.parametrize(("page", "per_page"), [(0, 25), (1, 0)])
def test_pages_and_their_size_start_at_one(page: int, per_page: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        invoices_on_page(INVOICES, page, per_page)


def test_page_count_rounds_up_and_is_never_zero() -> None:
    assert [page_count(total, per_page=25) for total in (0, 1, 25, 26, 50)] == [1, 1, 1, 2, 2]


def test_summary_names_the_first_and_last_invoice_of_the_page() -> None:
    assert page_summary(INVOICES, 2, per_page=2) == "Page 2 of 3: 2024-0005 to 2024-0004"
