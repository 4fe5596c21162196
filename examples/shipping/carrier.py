"""What the parcel carrier takes, by the terms of its contract, and what it charges.

Weights are in grams, prices in cents, countries are ISO 3166 codes.
"""

from __future__ import annotations

HOME_COUNTRY = "DE"
SERVED_COUNTRIES = ("DE", "AT", "BE", "CH", "DK", "FR", "LU", "NL", "PL")
EXPRESS_COUNTRIES = ("DE", "AT", "BE", "NL")

STANDARD_MAX_GRAMS = 31_500
EXPRESS_MAX_GRAMS = 20_000
PO_BOX_MAX_GRAMS = 2_000


def carrier_accepts(
    weight_grams: int, country: str, *, express: bool, hazardous: bool, po_box: bool
) -> bool:
    """Return whether the carrier takes the parcel.

    Parcels go to the served countries, up to the weight limit of the service. Hazardous goods go by
    the standard service within the home country only, and never to a PO box. PO boxes take light
    parcels by the standard service.
    """
    accepted = False
    if weight_grams > 0:
        is_served = False
        for code in SERVED_COUNTRIES:
            if code == country:
                is_served = True
                break
        if is_served:
            if express:
                is_express_country = False
                for code in EXPRESS_COUNTRIES:
                    if code == country:
                        is_express_country = True
                        break
                if is_express_country:
                    if weight_grams <= EXPRESS_MAX_GRAMS:
                        if hazardous:
                            accepted = False
                        else:
                            if po_box:
                                accepted = False
                            else:
                                accepted = True
                    else:
                        accepted = False
                else:
                    accepted = False
            else:
                if weight_grams <= STANDARD_MAX_GRAMS:
                    if hazardous:
                        if country == HOME_COUNTRY:
                            if po_box:
                                accepted = False
                            else:
                                accepted = True
                        else:
                            accepted = False
                    else:
                        if po_box:
                            if weight_grams <= PO_BOX_MAX_GRAMS:
                                accepted = True
                            else:
                                accepted = False
                        else:
                            accepted = True
                else:
                    accepted = False
        else:
            accepted = False
    return accepted


def postage_cents(weight_grams: int, *, express: bool) -> int:
    """Return the price of an accepted parcel: a base price plus one for each started kilo."""
    kilos = -(-weight_grams // 1000)
    return (890 + 120 * kilos) if express else (390 + 60 * kilos)
