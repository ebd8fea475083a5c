"""Numbers as the pages of the record and of compliance show them."""

import pytest

from compliance.templatetags.compliance_format import at_lot, at_tick, finer, signed

CALL, LINEAR, PERPETUAL = "BTC-27MAR26-80000-C", "BTC_USDC-27MAR26-80000-C", "BTC-PERPETUAL"


@pytest.mark.parametrize(
    ("price", "name", "shown"),
    [
        ("0.018", CALL, "0.0180"),
        ("0", CALL, "0.0000"),
        ("3900", LINEAR, "3900"),
        ("92000", PERPETUAL, "92000.0"),
        ("0.01805", CALL, "0.01805"),
        ("1.50", "no instrument", "1.50"),
    ],
)
def test_prices_keep_the_decimals_of_the_tick_and_lose_none_of_their_own(price, name, shown):
    assert at_tick(price, name) == shown


def test_quantities_keep_those_of_the_lot():
    assert (at_lot("2", CALL), at_lot("2.5", CALL), at_lot("30", PERPETUAL)) == ("2.0", "2.5", "30")


def test_marks_are_finer_than_the_price_beside_them():
    assert (finer("0.055539", "0.0566"), finer("0.055", "0.05616667")) == ("0.055539", "0.05500000")
    assert finer(None, "0.0566") is None
    assert signed(finer("0.001061", "0.0566")) == "+0.001061"
