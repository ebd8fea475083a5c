"""The fat-finger band and rates, at their boundaries."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain import rates
from rfq.domain.bands import Band, BandRule, band_of, check_price
from rfq.domain.records import LegRecord
from wire.units import Side

AT = dt.datetime(2026, 2, 10, tzinfo=dt.UTC)
BAND = Band(value=Decimal("0.0500"), width=Decimal("0.0050"))
RULE = BandRule()


def leg(name, side, *, ratio=1, is_hedge=False):
    return LegRecord(
        instrument_id=1, instrument_name=name, side=side, ratio=ratio, tick_size=Decimal("0.0005"),
        lot_size=Decimal("0.1"), is_hedge=is_hedge,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("side", "inside", "outside"), [(Side.BUY, "0.0550", "0.0551"), (Side.SELL, "0.0450", "0.0449")]
)
def test_the_band_ends_where_it_says(side, inside, outside):
    check_price(Decimal(inside), side, BAND, RULE, None)
    with pytest.raises(Refusal) as refused:
        check_price(Decimal(outside), side, BAND, RULE, None)
    assert (refused.value.reason, refused.value.value) == ("fat_finger_band", outside)
    assert refused.value.bound == str(Decimal(inside).normalize())


def test_a_price_that_is_good_for_its_own_firm_is_no_slip():
    check_price(Decimal("0.0001"), Side.BUY, BAND, RULE, None)
    check_price(Decimal(9), Side.SELL, BAND, RULE, None)


def test_a_confirmed_bound_passes_while_the_model_stays_near():
    check_price(Decimal("0.09"), Side.BUY, BAND, RULE, Decimal("0.0550"))
    check_price(Decimal("0.09"), Side.BUY, BAND, RULE, Decimal("0.0500"))
    with pytest.raises(Refusal, match="Confirm"):
        check_price(Decimal("0.09"), Side.BUY, BAND, RULE, Decimal("0.0499"))
    with pytest.raises(Refusal, match="cannot be confirmed"):
        check_price(Decimal("0.09"), Side.BUY, BAND, BandRule(is_confirmable=False), Decimal("0.0550"))


def test_the_width_is_the_wider_of_ticks_and_percent_of_the_summed_legs():
    legs = [leg("A", Side.BUY), leg("B", Side.SELL), leg("H", Side.SELL, ratio=100, is_hedge=True)]
    values = [Decimal("0.05"), Decimal("0.049"), Decimal(70_000)]
    assert band_of(legs, values, BandRule(ticks=10, percent=Decimal(10))) == Band(
        value=Decimal("0.001"), width=Decimal("0.0099")
    )
    assert band_of(legs, values, BandRule(ticks=40, percent=Decimal(10))).width == Decimal("0.0200")


def test_a_rate_says_when_it_passes_again():
    times = [AT - dt.timedelta(seconds=seconds) for seconds in (1, 20, 59.5, 60)]
    rates.check_rate("rfq_rate", "RFQs", times, 4, AT)
    with pytest.raises(Refusal) as refused:
        rates.check_rate("rfq_rate", "RFQs", times, 3, AT)
    assert (refused.value.value, refused.value.bound) == ("4", "3")
    assert "again in 0.5 s" in refused.value.message
    rates.check_rate("rfq_rate", "RFQs", times, 3, AT + dt.timedelta(seconds=0.5))
