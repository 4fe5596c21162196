from __future__ import annotations

import pytest
from carrier import carrier_accepts, postage_cents


@pytest.mark.parametrize(
    ("weight_grams", "country", "accepted"),
    [
        (0, "DE", False),
        (-5, "DE", False),
        (1, "DE", True),
        (31_500, "DE", True),
        (31_501, "DE", False),
        (31_500, "PL", True),
        (500, "US", False),
        (500, "", False),
        (500, "de", False),
    ],
)
def test_standard(weight_grams: int, country: str, accepted: bool) -> None:
    answer = carrier_accepts(weight_grams, country, express=False, hazardous=False, po_box=False)
    assert answer is accepted


@pytest.mark.parametrize(
    ("weight_grams", "country", "accepted"),
    [
        (0, "DE", False),
        (20_000, "DE", True),
        (20_001, "DE", False),
        (20_000, "NL", True),
        (500, "FR", False),
        (500, "US", False),
    ],
)
def test_express(weight_grams: int, country: str, accepted: bool) -> None:
    answer = carrier_accepts(weight_grams, country, express=True, hazardous=False, po_box=False)
    assert answer is accepted


@pytest.mark.parametrize(
    ("weight_grams", "country", "express", "po_box", "accepted"),
    [
        (500, "DE", False, False, True),
        (31_500, "DE", False, False, True),
        (31_501, "DE", False, False, False),
        (0, "DE", False, False, False),
        (500, "AT", False, False, False),
        (500, "DE", True, False, False),
        (500, "DE", False, True, False),
        (500, "DE", True, True, False),
    ],
)
def test_hazardous(
    weight_grams: int, country: str, express: bool, po_box: bool, accepted: bool
) -> None:
    answer = carrier_accepts(weight_grams, country, express=express, hazardous=True, po_box=po_box)
    assert answer is accepted


@pytest.mark.parametrize(
    ("weight_grams", "country", "express", "accepted"),
    [
        (2_000, "DE", False, True),
        (2_001, "DE", False, False),
        (2_000, "CH", False, True),
        (0, "CH", False, False),
        (500, "US", False, False),
        (500, "DE", True, False),
    ],
)
def test_po_box(weight_grams: int, country: str, express: bool, accepted: bool) -> None:
    answer = carrier_accepts(weight_grams, country, express=express, hazardous=False, po_box=True)
    assert answer is accepted


@pytest.mark.parametrize(
    ("weight_grams", "express", "cents"),
    [(1, False, 450), (1_000, False, 450), (1_001, False, 510), (1_001, True, 1_130)],
)
def test_postage(weight_grams: int, express: bool, cents: int) -> None:
    assert postage_cents(weight_grams, express=express) == cents
