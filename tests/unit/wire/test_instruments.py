import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.instruments import COINS, InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import InstrumentKind, OptionType

MARCH = int(dt.datetime(2026, 3, 27, 8, tzinfo=dt.UTC).timestamp()) * 10**9


def terms(name, kind, *, inverse, base, quote, settlement, tick, lot, multiplier="1", expiry=0, strike=None, right=None):
    return InstrumentTerms(
        name=name, kind=kind, is_inverse=inverse, base_currency=base, quote_currency=quote,
        settlement_currency=settlement, tick_size=Decimal(tick), lot_size=Decimal(lot), multiplier=Decimal(multiplier),
        expiry_at_ns=expiry, strike=None if strike is None else Decimal(strike), option_type=right,
    )


FUTURE, PERPETUAL, SPOT, OPTION = (InstrumentKind(kind) for kind in ("future", "perpetual", "spot", "option"))
TABLE = [
    terms("BTC-PERPETUAL", PERPETUAL, inverse=True, base="BTC", quote="USD", settlement="BTC", tick="0.5", lot="1", multiplier="10"),
    terms("ETH-27MAR26", FUTURE, inverse=True, base="ETH", quote="USD", settlement="ETH", tick="0.05", lot="1", expiry=MARCH),
    terms("BTC_USDC-PERPETUAL", PERPETUAL, inverse=False, base="BTC", quote="USDC", settlement="USDC", tick="0.5", lot="0.001"),
    terms("BTC_USDC", SPOT, inverse=False, base="BTC", quote="USDC", settlement="USDC", tick="0.5", lot="0.001"),
    terms(
        "BTC-27MAR26-80000-C", OPTION, inverse=True, base="BTC", quote="BTC", settlement="BTC", tick="0.0001",
        lot="0.1", expiry=MARCH, strike="80000", right=OptionType.CALL,
    ),
    terms(
        "SOL_USDC-27MAR26-0d625-P", OPTION, inverse=False, base="SOL", quote="USDC", settlement="USDC", tick="0.01",
        lot="1.0", expiry=MARCH, strike="0.625", right=OptionType.PUT,
    ),
]


@pytest.mark.parametrize("expected", TABLE, ids=lambda expected: expected.name)
def test_name_reads_as_terms(expected):
    assert parse_instrument_name(expected.name) == expected


@pytest.mark.parametrize(
    ("name", "underlying"),
    [("BTC-27MAR26-80000-C", "BTC-27MAR26"), ("BTC-PERPETUAL", "BTC"), ("SOL_USDC-27MAR26-0d625-P", "SOL_USDC-27MAR26")],
)
def test_underlying_groups_by_forward(name, underlying):
    assert parse_instrument_name(name).underlying_name == underlying


@pytest.mark.parametrize(
    "name",
    [
        "", "btc-PERPETUAL", "BTC", "DOGE-PERPETUAL", "BTC_EUR-PERPETUAL", "BTC-31FEB26", "BTC-27XYZ26",
        "BTC-27MAR26-80000", "BTC-27MAR26-80000-X", "BTC-27MAR26-0d-C", "BTC-27MAR26-0-C", "BTC-27MAR26-0d0-P", "BTC-PERPETUAL ", "BTC-27MAR26-80000-C\n",
        "BTC-27MAR2026", "BTC--C", "BTC-27MAR26--80000-C", "٣BTC", "BTC-٢٧MAR26",
    ],
)
def test_other_names_are_refused_with_a_reason(name):
    with pytest.raises(UnknownInstrumentName) as raised:
        parse_instrument_name(name)
    assert raised.value.why


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_instrument_name(text)
    except UnknownInstrumentName:
        return
    assert found.name == text and found.base_currency in COINS


@given(
    coin=st.sampled_from(COINS), day=st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)),
    strike=st.decimals("0.001", 10**6, places=3), right=st.sampled_from("CP"), linear=st.booleans(),
)
def test_option_names_round_trip(coin, day, strike, right, linear):
    text = f"{strike.normalize():f}".replace(".", "d")
    name = f"{coin}{'_USDC' if linear else ''}-{day.day}{day:%b}{day:%y}-{text}-{right}".upper().replace("D", "d", 0)
    name = name.replace(text.upper(), text)
    found = parse_instrument_name(name)
    assert found.strike == strike and found.expiry_at.date() == day and found.expiry_at.hour == 8
    assert found.is_inverse is not linear and found.settlement_currency == ("USDC" if linear else coin)
