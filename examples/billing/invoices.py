"""Invoice lists of the customer portal.

Invoices are given by their numbers ("2024-0117"), newest first, and shown in pages. The first page
is page 1, as in the portal's addresses (``/invoices?page=1``).
"""

from __future__ import annotations

from collections.abc import Sequence

PER_PAGE = 25


def page_count(total: int, per_page: int = PER_PAGE) -> int:
    """Return how many pages ``total`` invoices fill; an empty list still has one page."""
    return max(1, -(-total // per_page))


def invoices_on_page(invoices: Sequence[str], page: int, per_page: int = PER_PAGE) -> list[str]:
    """Return the invoices on a page of the list; the first page is page 1.

    The last page may be shorter than the others, and a page after it is empty.

    Raises:
        ValueError: ``page`` or ``per_page`` is less than 1.
    """
    if page < 1 or per_page < 1:
        raise ValueError("page and per_page must be at least 1")
    start = page * per_page
    return list(invoices[start : start + per_page])


def page_summary(invoices: Sequence[str], page: int, per_page: int = PER_PAGE) -> str:
    """Return the line above the list: which page it is, and its first and last invoice.

    A page without invoices says so instead.
    """
    shown = invoices_on_page(invoices, page, per_page)
    content = f"{shown[0]} to {shown[-1]}" if shown else "no invoices"
    return f"Page {page} of {page_count(len(invoices), per_page)}: {content}"
