"""Names of structures, their quote currency and their net price."""

from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain.structures import divisor, net_price, recognize
from tests.unit.rfq.builders import structure_leg as leg
from wire.units import Side

BUY, SELL = Side.BUY, Side.SELL
C70, C80, C90 = (f"BTC-27MAR26-{strike}-C" for strike in (70000, 80000, 90000))
P70, P80, P90 = (f"BTC-27MAR26-{strike}-P" for strike in (70000, 80000, 90000))
C100, C110 = "BTC-27MAR26-100000-C", "BTC-27MAR26-110000-C"
FAR_C80, FAR_C90, FAR_P80 = "BTC-26JUN26-80000-C", "BTC-26JUN26-90000-C", "BTC-26JUN26-80000-P"
LC80, LP70, LC90, LPERP, LFUTURE, SPOT = (
    f"BTC_USDC{rest}" for rest in ("-27MAR26-80000-C", "-27MAR26-70000-P", "-27MAR26-90000-C", "-PERPETUAL", "-27MAR26", "")
)
PERP, FUTURE, FAR_FUTURE = "BTC-PERPETUAL", "BTC-27MAR26", "BTC-26JUN26"


NAMES = [
    ("call", [leg(C80)]),
    ("put", [leg(P80, SELL)]),
    ("perpetual", [leg(PERP)]),
    ("future", [leg(FUTURE)]),
    ("spot", [leg(SPOT)]),
    ("straddle", [leg(C80), leg(P80)]),
    ("straddle", [leg(P80, SELL), leg(C80, SELL)]),
    ("strangle", [leg(C90), leg(P70)]),
    ("risk reversal", [leg(C90), leg(P70, SELL)]),
    ("risk reversal", [leg(P70), leg(C90, SELL)]),
    ("call spread", [leg(C80), leg(C90, SELL)]),
    ("put spread", [leg(P80), leg(P70, SELL)]),
    ("call ratio spread", [leg(C80), leg(C90, SELL, 2)]),
    ("put ratio spread", [leg(P80, SELL), leg(P70, BUY, 3)]),
    ("butterfly", [leg(C70), leg(C80, SELL, 2), leg(C90)]),
    ("butterfly", [leg(P70, SELL, 3), leg(P80, BUY, 6), leg(P90, SELL, 3)]),
    ("iron butterfly", [leg(P70), leg(P80, SELL), leg(C80, SELL), leg(C90)]),
    ("condor", [leg(C70), leg(C80, SELL), leg(C90, SELL), leg(C100)]),
    ("iron condor", [leg(P70), leg(P80, SELL), leg(C90, SELL), leg(C100)]),
    ("box", [leg(C70), leg(P70, SELL), leg(C90, SELL), leg(P90)]),
    ("calendar", [leg(C80, SELL), leg(FAR_C80)]),
    ("calendar", [leg(PERP), leg(FUTURE, SELL)]),
    ("calendar", [leg(FUTURE), leg(FAR_FUTURE, SELL)]),
    ("basis", [leg(SPOT), leg(LPERP, SELL)]),
    ("diagonal", [leg(C80, SELL), leg(FAR_C90)]),
    ("covered call", [leg(LC80, SELL), leg(LPERP)]),
    ("covered call", [leg(LC80, SELL), leg(SPOT)]),
    ("covered put", [leg(LP70, SELL), leg(LFUTURE, SELL)]),
    ("protective put", [leg(LP70), leg(LPERP)]),
    ("protective call", [leg(LC80), leg(LPERP, SELL)]),
    ("collar", [leg(LPERP), leg(LP70), leg(LC90, SELL)]),
    ("collar", [leg(LPERP, SELL), leg(LP70, SELL), leg(LC90)]),
]
NEAR_MISSES = {
    "straddle of two sides": [leg(C80), leg(P80, SELL)],
    "straddle of two ratios": [leg(C80), leg(P80, BUY, 2)],
    "straddle of two expiries": [leg(C80), leg(FAR_P80)],
    "strangle with the call below the put": [leg(C70), leg(P90)],
    "risk reversal of two ratios": [leg(C90), leg(P70, SELL, 2)],
    "spread of one side": [leg(C80), leg(C90)],
    "calendar of one side": [leg(C80), leg(FAR_C80)],
    "calendar of two ratios": [leg(C80, SELL), leg(FAR_C80, BUY, 2)],
    "calendar of a call and a put": [leg(C80, SELL), leg(FAR_P80)],
    "diagonal of one side": [leg(C80), leg(FAR_C90)],
    "diagonal of two ratios": [leg(C80, SELL), leg(FAR_C90, BUY, 2)],
    "butterfly with a heavy body": [leg(C70), leg(C80, SELL, 3), leg(C90)],
    "butterfly with another type as body": [leg(C70), leg(P80, SELL, 2), leg(C90)],
    "butterfly with a broken wing": [leg(C70), leg(C80, SELL, 2), leg(C100)],
    "iron butterfly with a two-sided body": [leg(P70), leg(P80, SELL), leg(C80), leg(C90)],
    "iron butterfly with uneven wings": [leg(P70), leg(P80, SELL), leg(C80, SELL), leg(C100)],
    "condor with uneven wings": [leg(C70), leg(C80, SELL), leg(C90, SELL), leg(C110)],
    "condor with a bought shoulder": [leg(C70), leg(C80, SELL), leg(C90), leg(C100, SELL)],
    "iron condor with a put above": [leg(P70), leg(C80, SELL), leg(P90, SELL), leg(C100)],
    "box of one side": [leg(C70), leg(P70), leg(C90, SELL), leg(P90, SELL)],
    "box of two ratios": [leg(C70), leg(P70, SELL), leg(C90, SELL, 2), leg(P90, BUY, 2)],
    "futures of one side": [leg(FUTURE), leg(FAR_FUTURE)],
    "futures of two coins": [leg("ETH-PERPETUAL"), leg(PERP, SELL)],
    "covered twice": [leg(LC80, SELL), leg(LPERP, BUY, 2)],
    "call and coins of one side": [leg(LC80), leg(LPERP)],
    "put and coins of two sides": [leg(LP70, SELL), leg(LPERP)],
    "collar with the call below the put": [leg(LPERP), leg("BTC_USDC-27MAR26-100000-P"), leg(LC90, SELL)],
    "collar that leans the other way": [leg(LPERP), leg(LP70, SELL), leg(LC90)],
    "collar of two expiries": [leg(LPERP), leg(LP70), leg("BTC_USDC-26JUN26-90000-C", SELL)],
    "three calls": [leg(C70), leg(C80), leg(C90)],
    "five legs": [leg(name) for name in (C70, C80, C90, C100, C110)],
}


@pytest.mark.parametrize(("name", "legs"), NAMES)
def test_structure_name(legs, name):
    assert recognize(legs).name == name
    assert recognize(legs[::-1]).name == name


@pytest.mark.parametrize("legs", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_near_miss_is_custom(legs):
    assert recognize(legs).name == "custom"
    assert recognize(legs[::-1]).name == "custom"


def test_hedge_leg_leaves_currency_and_net_price_alone():
    structure = recognize([leg(C80), leg(P80)], leg(PERP, SELL, 100))
    assert (structure.name, structure.quote_currency) == ("straddle with hedge", "BTC")
    sides = [(BUY, 1, False), (BUY, 1, False), (SELL, 100, True)]
    assert net_price(sides, [Decimal("0.05"), Decimal("0.04"), Decimal(70000)]) == Decimal("0.09")


def test_net_price_weighs_by_side_and_ratio():
    sides = [(BUY, 1, False), (SELL, 2, False), (BUY, 1, False)]
    assert net_price(sides, [Decimal("0.10"), Decimal("0.06"), Decimal("0.03")]) == Decimal("0.01")


@pytest.mark.parametrize(
    ("ratios", "common"), [((1, 1), 1), ((2, 2), 2), ((2, 4, 6), 2), ((3, 5), 1), ((2, 2, 101), 1), ((7,), 7)]
)
def test_ratios_have_a_common_divisor(ratios, common):
    assert divisor(ratios) == common


def test_options_futures_and_spot_mix_in_one_currency():
    assert recognize([leg(LC80), leg(LPERP, SELL), leg(SPOT), leg(LFUTURE)]).quote_currency == "USDC"


@pytest.mark.parametrize(
    ("legs", "hedge", "reason"),
    [
        ([leg(C80), leg("ETH-27MAR26-3000-C")], None, "quote_currency_mixed"),
        ([leg(C80), leg(LC80)], None, "quote_currency_mixed"),
        ([leg(PERP), leg(LPERP)], None, "quote_currency_mixed"),
        ([leg(C80), leg(PERP)], None, "quote_currency_mixed"),
        ([leg(C80)], leg(C90), "hedge_instrument"),
        ([leg(LC80)], leg(SPOT), "hedge_instrument"),
        ([leg(C80)], leg("ETH-PERPETUAL"), "hedge_instrument"),
        ([leg(FUTURE)], leg(FUTURE, SELL), "duplicate_leg"),
    ],
)
def test_structure_refused(legs, hedge, reason):
    with pytest.raises(Refusal) as refusal:
        recognize(legs, hedge)
    assert refusal.value.reason == reason
