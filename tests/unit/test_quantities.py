"""Numbers as people read them."""

from __future__ import annotations

import pytest

from orps_lsp import quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (quantities.count(1, "search"), "1 search"),
        (quantities.count(2, "search", "searches"), "2 searches"),
        (quantities.count(1548, "function"), "1,548 functions"),
        (quantities.ratio(2.3), "2.30x"),
        (quantities.ratio(42.34), "42.3x"),
        (quantities.ratio(396.4), "396x"),
        (quantities.ratio(1234.5), "1,234x"),
        (quantities.duration(3e-8), "30 ns"),
        (quantities.duration(4.2e-6), "4.2 us"),
        (quantities.duration(0.013), "13 ms"),
        (quantities.duration(1.23), "1.2 s"),
        (quantities.duration(96.4), "96 s"),
        (quantities.size(512), "512 bytes"),
        (quantities.size(2816), "2.8 KB"),
        (quantities.size(14_000_000), "14 MB"),
        (quantities.size(3_500_000_000), "3.5 GB"),
    ],
)
def test_three_digits_are_enough(text: str, expected: str) -> None:
    assert text == expected
