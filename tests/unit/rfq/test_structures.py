"""Names of structures, their quote currency and their net price."""

from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain.structures import net_price, recognize
from tests.unit.rfq.builders import structure_leg as leg
from wire.units import Side

BUY, SELL = Side.BUY, Side.SELL
C70, C80, C90 = (f"BTC-27MAR26-{strike}-C" for strike in (70000, 80000, 90000))
P70, P80, P90 = (f"BTC-27MAR26-{strike}-P" for strike in (70000, 80000, 90000))
FAR_C80 = "BTC-26JUN26-80000-C"
PERP, FUTURE, FAR_FUTURE = "BTC-PERPETUAL", "BTC-27MAR26", "BTC-26JUN26"


@pytest.mark.parametrize(
    ("legs", "name"),
    [
        ([leg(C80)], "call"),
        ([leg(P80, SELL)], "put"),
        ([leg(PERP)], "perpetual"),
        ([leg(FUTURE)], "future"),
        ([leg("BTC_USDC")], "spot"),
        ([leg(C80), leg(P80)], "straddle"),
        ([leg(P80, SELL), leg(C80, SELL)], "straddle"),
        ([leg(C90), leg(P70)], "strangle"),
        ([leg(C70), leg(P90)], "custom"),
        ([leg(C90), leg(P70, SELL)], "risk reversal"),
        ([leg(P70), leg(C90, SELL)], "risk reversal"),
        ([leg(C80), leg(P80, SELL)], "custom"),
        ([leg(C80), leg(C90, SELL)], "call spread"),
        ([leg(P80), leg(P70, SELL)], "put spread"),
        ([leg(C80), leg(C90)], "custom"),
        ([leg(C80), leg(C90, SELL, 2)], "custom"),
        ([leg(C80, SELL), leg(FAR_C80)], "calendar"),
        ([leg(C80), leg(FAR_C80)], "custom"),
        ([leg(C90, SELL), leg(FAR_C80)], "custom"),
        ([leg(C70), leg(C80, SELL, 2), leg(C90)], "butterfly"),
        ([leg(C90), leg(C70), leg(C80, SELL, 2)], "butterfly"),
        ([leg(P70, SELL, 3), leg(P80, BUY, 6), leg(P90, SELL, 3)], "butterfly"),
        ([leg(C70), leg(C80, SELL, 3), leg(C90)], "custom"),
        ([leg(C70), leg(P80, SELL, 2), leg(C90)], "custom"),
        ([leg(C70), leg(C80, SELL, 2), leg("BTC-27MAR26-100000-C")], "custom"),
        ([leg(P70), leg(P80, SELL), leg(C80, SELL), leg(C90)], "iron butterfly"),
        ([leg(P70), leg(P80, SELL), leg(C80), leg(C90)], "custom"),
        ([leg(C70), leg(C80, SELL), leg(C90, SELL), leg("BTC-27MAR26-100000-C")], "condor"),
        ([leg(P70), leg(P80, SELL), leg(C90, SELL), leg("BTC-27MAR26-100000-C")], "iron condor"),
        ([leg(C70), leg(C80, SELL), leg(C90, SELL), leg("BTC-27MAR26-110000-C")], "custom"),
        ([leg(C80), leg(P80), leg(PERP, SELL, 100)], "straddle with hedge"),
        ([leg(C80), leg(FUTURE, SELL, 100)], "call with hedge"),
        ([leg(PERP), leg(FUTURE, SELL)], "calendar"),
        ([leg(FUTURE), leg(FAR_FUTURE, SELL)], "calendar"),
        ([leg(FUTURE), leg(FAR_FUTURE)], "custom"),
        ([leg("ETH-PERPETUAL"), leg(PERP, SELL)], "custom"),
    ],
)
def test_structure_name(legs, name):
    assert recognize(legs).name == name
    assert recognize(legs[::-1]).name == name


def test_inverse_hedge_leg_leaves_currency_and_net_price_alone():
    structure = recognize([leg(C80), leg(PERP, SELL, 100), leg(P80)])
    assert (structure.quote_currency, structure.hedge_index) == ("BTC", 1)
    sides = [(BUY, 1, False), (SELL, 100, True), (BUY, 1, False)]
    assert net_price(sides, [Decimal("0.05"), Decimal(70000), Decimal("0.04")]) == Decimal("0.09")


def test_net_price_weighs_by_side_and_ratio():
    sides = [(BUY, 1, False), (SELL, 2, False), (BUY, 1, False)]
    assert net_price(sides, [Decimal("0.10"), Decimal("0.06"), Decimal("0.03")]) == Decimal("0.01")


def test_futures_without_options_count_in_the_net_price():
    structure = recognize([leg(FUTURE), leg(PERP, SELL)])
    assert (structure.quote_currency, structure.hedge_index) == ("USD", None)


@pytest.mark.parametrize(
    ("legs", "reason"),
    [
        ([leg(C80), leg("ETH-27MAR26-3000-C")], "quote_currency_mixed"),
        ([leg(C80), leg("BTC_USDC-27MAR26-80000-C")], "quote_currency_mixed"),
        ([leg(PERP), leg("BTC_USDC-PERPETUAL")], "quote_currency_mixed"),
        ([leg(C80), leg("BTC_USDC")], "quote_currency_mixed"),
        ([leg(C80), leg(PERP), leg(FUTURE)], "hedge_legs"),
    ],
)
def test_structure_refused(legs, reason):
    with pytest.raises(Refusal) as refusal:
        recognize(legs)
    assert refusal.value.reason == reason
