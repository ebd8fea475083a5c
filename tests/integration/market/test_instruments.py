import json
from decimal import Decimal

import msgspec
import pytest
from django.db import IntegrityError, transaction

from common import clock, valkey
from common.errors import NotFound
from market import oracle, selectors, services
from market.models import Instrument
from tests import builders
from wire import gateway, transport
from wire.instruments import parse_instrument_name

pytestmark = pytest.mark.django_db

NAMES = ["BTC-PERPETUAL", "BTC_USDC", "ETH-27MAR26", "BTC-27MAR26-80000-C", "SOL_USDC-27MAR26-0d625-P"]


def listing(number, instrument_id, name):
    return builders.Journal().envelope(
        gateway.InstrumentListed(instrument_id=instrument_id, terms=parse_instrument_name(name)), number=number
    )


@pytest.mark.parametrize("name", NAMES)
def test_listed_instrument_keeps_its_terms(name):
    builders.project(listing(1, 41, name))
    builders.project(listing(1, 41, name))
    found = selectors.get_instrument(name)
    assert (found.id, found.instrument_id, found.terms) == (41, 41, parse_instrument_name(name))
    assert selectors.get_instrument_by_id(41) == found


def test_other_terms_under_a_known_id_stop_the_projection():
    builders.project(listing(1, 41, NAMES[0]))
    for instrument_id, name in ((41, NAMES[1]), (42, NAMES[0])):
        with pytest.raises(services.InstrumentTermsChanged):
            builders.project(listing(2, instrument_id, name))


def test_delivery_ends_trading_once():
    builders.project(listing(1, 41, "BTC-27MAR26-80000-C"))
    event = gateway.InstrumentDelivered(instrument_id=41, delivery_price_micros=81_234_500_000, market_time_ns=10**18)
    for _ in range(2):
        services.deliver_instrument(instrument_id=41, delivery_price=Decimal("81234.5"), at=clock.from_ns(10**18))
    builders.project(builders.Journal().envelope(event))
    found = selectors.get_instrument("BTC-27MAR26-80000-C")
    assert (found.state, found.delivery_price, found.is_active) == ("delivered", Decimal("81234.5"), False)
    assert selectors.list_instruments("BTC") == []
    assert selectors.list_instruments("BTC", only_active=False) == [found]


def test_instruments_are_listed_by_coin_and_kind():
    rows = {name: builders.listed(name) for name in NAMES}
    assert [row.name for row in selectors.list_instruments("BTC")] == ["BTC-27MAR26-80000-C", "BTC-PERPETUAL", "BTC_USDC"]
    assert selectors.list_instruments(kinds=["future"]) == [rows["ETH-27MAR26"]]


def test_unknown_names_are_not_found():
    for read in (lambda: selectors.get_instrument("BTC-9"), lambda: selectors.get_instrument_by_id(10**30)):
        with pytest.raises(NotFound) as raised:
            read()
        assert raised.value.reason == "unknown_instrument"


@pytest.mark.parametrize(
    "changes",
    [
        {"strike": None}, {"strike": Decimal(0)}, {"option_type": ""}, {"expiry_at": None}, {"tick_size": 0},
        {"lot_size": -1}, {"multiplier": 0}, {"settlement_currency": "USDC"}, {"kind": "perpetual"},
        {"state": "delivered"}, {"delivery_price": 5}, {"is_inverse": False}, {"option_type": "both"},
    ],
)
def test_database_refuses_impossible_contracts(changes):
    row = builders.listed("BTC-27MAR26-80000-C")
    with pytest.raises(IntegrityError), transaction.atomic():
        Instrument.objects.filter(id=row.id).update(**changes)


def test_oracle_reads_the_latest_frames():
    rows = [builders.listed(name) for name in NAMES]
    builders.play_market(*rows, at_ns=clock.now_ns(), market_time_ns=1_770_000_000 * 10**9)
    assert oracle.get_ticker("BTC-PERPETUAL").instrument_id == rows[0].id
    assert oracle.get_ticker("BTC-9") is None
    assert set(oracle.get_tickers(["BTC_USDC", "nothing"])) == {"BTC_USDC"} and oracle.get_tickers([]) == {}
    assert [row.instrument_name for row in oracle.tickers_of("BTC")] == ["BTC-27MAR26-80000-C", "BTC-PERPETUAL", "BTC_USDC"]
    assert oracle.get_index("BTC").price == 70_000.0 and oracle.get_index("ETH") is None
    assert oracle.market_time_ns() == 1_770_000_000 * 10**9
    assert oracle.find_heartbeat().is_running


def test_oracle_without_a_market_has_no_time():
    valkey.client().delete(transport.MARKET_LATEST, transport.GATEWAY_HEARTBEAT)
    assert oracle.find_market_time_ns() is None and oracle.find_heartbeat() is None
    with pytest.raises(oracle.MarketUnavailable):
        oracle.market_time_ns()


@pytest.mark.parametrize(("age_ms", "stale"), [(0, False), (1_999, False), (2_001, True), (-2_001, True), (3_600_000, True)])
def test_old_frames_are_stale(age_ms, stale):
    row = builders.listed("BTC-PERPETUAL")
    builders.play_market(row, at_ns=10**18)
    assert oracle.is_stale(oracle.get_ticker(row.name), 10**18 + age_ms * 10**6) is stale


def test_rest_shows_instruments_and_prices(client):
    desk = builders.trading_firm()
    rows = [builders.listed(name) for name in NAMES]
    builders.play_market(*rows)
    client.force_login(desk.user)
    found = client.get("/api/market/instruments?coin=SOL").json()
    assert [row["terms"]["name"] for row in found] == ["SOL_USDC-27MAR26-0d625-P"]
    assert found[0]["terms"]["strike"] == "0.625"
    assert client.get("/api/market/instruments/BTC_USDC").json()["state"] == "listed"
    assert len(client.get("/api/market/tickers?coin=BTC").json()) == 3
    assert client.get("/api/market/index/BTC").json()["price"] == 70_000.0


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("instruments?coin=DOGE", 404, "unknown_coin"),
        ("instruments/BTC-9", 404, "unknown_instrument"),
        ("tickers", 400, "invalid_parameter"),
        ("tickers?coin=*", 404, "unknown_coin"),
        ("index/ETH", 404, "no_index"),
        ("index/" + "X" * 300, 404, "unknown_coin"),
    ],
)
def test_rest_refuses_by_name(client, path, status, reason):
    builders.play_market()
    client.force_login(builders.trading_firm().user)
    answer = client.get(f"/api/market/{path}")
    assert (answer.status_code, json.loads(answer.content)["reason"]) == (status, reason)


@pytest.mark.parametrize("rows", [1, 3])
def test_instrument_list_asks_the_same_number_of_queries(client, django_assert_num_queries, rows):
    client.force_login(builders.trading_firm().user)
    for name in NAMES[:rows]:
        builders.listed(name)
    with django_assert_num_queries(3):
        assert len(client.get("/api/market/instruments").json()) == rows


def test_instrument_views_survive_their_own_encoding():
    view = selectors.instrument_view(builders.listed("BTC-27MAR26-80000-C"))
    assert msgspec.json.decode(msgspec.json.encode(view), type=type(view)) == view
