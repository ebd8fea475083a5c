"""Unified structures of ccxt in our words. None of it needs ccxt."""

from decimal import Decimal

import pytest

from gateway.venues import connections
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.books import VenueBooks, VenueInstrument
from gateway.venues.ccxt import library, parse
from gateway.venues.execution import NewVenueOrder
from gateway.venues.settings import VenueEntry, VenuesRefused
from wire.units import OrderState, OrderType, Side, TimeInForce


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTC_USDT", "BTC/USDT"),
        ("BTC_USDT-PERPETUAL", "BTC/USDT:USDT"),
        ("BTC-PERPETUAL", "BTC/USD:BTC"),
        ("BTC-25DEC26-90000-C", ""),
        ("nonsense", ""),
    ],
)
def test_our_names_are_ccxts_symbols(name, symbol):
    assert parse.find_symbol(name) == symbol


@pytest.mark.parametrize(
    ("name", "contract_size", "amount"),
    [("BTC_USDT", None, "1"), ("BTC_USDT-PERPETUAL", 0.01, "100"), ("BTC-PERPETUAL", 100.0, "0.1")],
)
def test_a_contract_of_ours_is_so_much_of_the_exchanges(name, contract_size, amount):
    market = {"symbol": "S", "contractSize": contract_size, "precision": {"price": 0.1}, "maker": 0.0002, "taker": None}
    instrument = parse.find_instrument(name, market, is_tick=True)
    assert (instrument.contract_amount, instrument.price_tick) == (Decimal(amount), Decimal("0.1"))
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.0002"), None)
    digits = parse.find_instrument(name, {**market, "precision": {"price": 2}}, is_tick=False)
    assert digits.price_tick == Decimal("0.01")


def test_what_is_not_traded_or_not_described_is_not_offered():
    market = {"symbol": "S", "contractSize": None, "precision": {"price": 0.1}}
    assert parse.find_instrument("BTC_USDT", {**market, "active": False}, is_tick=True) is None
    assert parse.find_instrument("BTC_USDT", {**market, "precision": {"price": None}}, is_tick=True) is None


def test_a_book_becomes_ours_and_a_price_between_ticks_is_refused():
    books = VenueBooks("v", "recorded")
    instrument = VenueInstrument(
        name="BTC_USDT", symbol="BTC/USDT", price_tick=Decimal("0.5"), amount_step=parse.BOOK_STEP
    )
    books.list_instrument(instrument)
    book = {"bids": [[90000.5, 0.1], [90000.0, 2.0]], "asks": [[90001.0, 1e-8]]}
    books.feed.apply_updates(parse.read_book(book, 0, instrument, 50, 1))
    shown = books.levels("BTC_USDT", 10, 0)
    assert (shown.bids, shown.asks) == ([("90000.5", "0.1"), ("90000.0", "2")], [("90001.0", "0.00000001")])
    books.feed.apply_updates(parse.read_book({"bids": [], "asks": []}, 0, instrument, 50, 2))
    assert books.levels("BTC_USDT", 10, 0).bids == [], "a snapshot is the whole book"
    with pytest.raises(ValueError, match="between two ticks"):
        parse.read_book({"bids": [[90000.25, 1.0]], "asks": []}, 0, instrument, 50, 1)


def unified(**changed) -> dict:
    terms = {
        "id": 7, "clientOrderId": "a", "symbol": "S", "side": "buy", "amount": 100.0, "price": 90000.5, "filled": 30.0,
        "status": "open", "timestamp": 5, "lastUpdateTimestamp": 9,
    }  # fmt: skip
    return terms | changed


@pytest.mark.parametrize(
    ("changed", "state", "at_ms"),
    [
        ({}, OrderState.NEW, 9),
        ({"status": None, "lastUpdateTimestamp": None}, OrderState.NEW, 5),
        ({"status": "closed", "filled": 100.0}, OrderState.FILLED, 9),
        ({"status": "closed"}, OrderState.CANCELED, 9),
        ({"status": "canceled"}, OrderState.CANCELED, 9),
        ({"status": "expired"}, OrderState.CANCELED, 9),
        ({"status": "rejected"}, OrderState.REJECTED, 9),
    ],
)
def test_an_order_is_read(changed, state, at_ms):
    view = parse.read_order(unified(**changed), "N", Decimal(100), "a")
    assert (view.state, view.updated_at_ns) == (state, at_ms * 10**6)
    assert (view.quantity, view.price, view.venue_order_id) == (1, Decimal("90000.5"), "7")


@pytest.mark.parametrize(("changed", "error"), [({"status": "odd"}, ValueError), ({"amount": None}, ArithmeticError)])
def test_an_order_that_cannot_be_read_is_said_to_be_none(changed, error):
    with pytest.raises(error):
        parse.read_order(unified(**changed), "N", Decimal(1), "a")


def test_fees_are_found_in_either_place():
    assert parse.has_fee({"fee": {"cost": 0, "currency": "BTC"}})
    assert parse.has_fee({"fee": None, "fees": [{"cost": 0.1}]})
    assert not parse.has_fee({"fee": {"cost": None}, "fees": []})


def test_positions_are_signed_contracts_of_ours():
    found = [
        {"symbol": "A", "contracts": 50.0, "side": "short"},
        {"symbol": "B", "contracts": 2.0, "side": "long"},
        {"symbol": "elsewhere", "contracts": 1.0, "side": "long"},
        {"symbol": "B", "contracts": None},
    ]
    held = parse.read_positions(found, {"A": "a", "B": "b"}, {"a": Decimal(100), "b": Decimal(1)})
    assert held == [("a", Decimal("-0.5")), ("b", Decimal(2))]


def test_ids_are_written_as_the_exchange_takes_them():
    assert parse.write_id("route-12-abcdef", "okx") == "routeZ12Zabcdef"
    assert parse.read_id("routeZ12Zabcdef", "okx") == "route-12-abcdef"
    assert parse.write_id("route-12-abcdef", "bybit") == parse.read_id("route-12-abcdef", "bybit") == "route-12-abcdef"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        ({"time_in_force": TimeInForce.IOC}, {"timeInForce": "IOC"}),
        ({"is_post_only": True, "is_reduce_only": True}, {"postOnly": True, "reduceOnly": True}),
        ({"order_type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC}, {}),
    ],
)
def test_an_order_is_written_in_unified_parameters(changed, expected):
    terms = {"client_order_id": "a", "name": "N", "side": Side.BUY, "quantity": Decimal(1), "price": Decimal(1)}
    order = NewVenueOrder(**(terms | changed))
    assert parse.order_params(order, "a") == {"clientOrderId": "a"} | expected


@pytest.mark.parametrize(
    ("name", "parents", "expected"),
    [
        ("OrderNotFound", ("InvalidOrder", "ExchangeError"), "unknown_order"),
        ("InvalidOrder", ("ExchangeError",), "order_refused"),
        ("RateLimitExceeded", ("NetworkError", "OperationFailed"), "rate_limited"),
        ("RequestTimeout", ("NetworkError", "OperationFailed"), None),
        ("ExchangeError", (), None),
    ],
)
def test_errors_are_a_named_no_or_nobody_knows(name, parents, expected):
    base: type = type("BaseError", (Exception,), {})
    for each in (*reversed(parents), name):
        base = type(each, (base,), {})
    told = library.read_error(base("x"))
    if expected is None:
        assert isinstance(told, NoAnswer)
    else:
        assert isinstance(told, Refused)
        assert str(told) == f"{expected}: x"
    assert library.read_error(OSError()) is None


def test_a_venue_without_ccxt_says_how_to_get_it(monkeypatch, tmp_path):
    def missing():
        raise ImportError

    monkeypatch.setattr(library, "load", missing)
    path = tmp_path / "venues.json"
    path.write_text('[{"name": "b", "adapter": "ccxt", "exchange": "bybit", "instruments": ["BTC_USDT"]}]')
    with pytest.raises(VenuesRefused, match=r"requirements-ccxt\.txt"):
        connections.VenueConnections.open(path)


@pytest.mark.parametrize(("adapter", "exchange"), [("ccxt", ""), ("fix", "bybit"), ("binance_spot", "bybit")])
def test_an_exchange_is_named_for_ccxt_alone(adapter, exchange):
    with pytest.raises(ValueError, match="needs an exchange"):
        VenueEntry(name="b", adapter=adapter, exchange=exchange, instruments=["BTC_USDT"])
